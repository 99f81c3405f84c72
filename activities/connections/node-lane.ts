import { randomBytes } from 'node:crypto';
import { failure } from '../failure.ts';
import type { NodeScriptName } from '../node-scripts/scripts.ts';
import { scriptHashes, scriptText } from '../node-scripts/scripts.ts';
import { redact } from '../redact.ts';
import { runBounded, type CommandEnd, type CommandLimits } from './bounded-command.ts';
import { masterOf, type ClusterConnection } from './cluster.ts';
import { createControlSockets, type ControlSockets } from './control-sockets.ts';
import { createStreamParts } from './node-stream.ts';
import { readResult, type Marker, type ScriptVerdict } from './node-result.ts';

/** Runs our small root scripts on the masters of one cluster, over the system's OpenSSH. Nothing is installed there. */
export interface NodeLane {
  /**
   * Throws `NodeUnreachable` (ssh itself failed), `OutcomeUnknown` (no result seen, or another script holds the node's lock),
   * `NodeScriptFailed` or `PreconditionFailed` (the script's own words, or not the
   * approved script), `UnknownNode`.
   */
  run(call: NodeScriptCall): Promise<Record<string, string>>;
  /**
   * The same for a script that sends a file as it is, without a limit of its own but `mostBytes`. `body` gets it piece by piece,
   * and no more is read while it works; what it throws ends the script. When this returns, every byte has come.
   */
  stream(call: NodeStreamCall): Promise<Record<string, string>>;
}

export interface NodeStreamCall extends NodeScriptCall {
  mostBytes: number;
  body: (bytes: Buffer) => Promise<void>;
}

export interface NodeScriptCall {
  node: string;
  script: NodeScriptName;
  /** For whom: part of the marker line. */
  runId: string;
  /** Never a secret: an argument may stand in an error. */
  args?: string[];
  /** A secret goes here, and nowhere else. */
  input?: string;
  /** SHA-256 by script, as approved: another text of the script is not sent. */
  approved?: Readonly<Record<string, string>>;
  timeoutMs?: number;
  /** Dialled instead of the inventory's address: of a master that has moved since that was written. */
  address?: string;
  signal?: AbortSignal;
}

export interface NodeLaneOptions {
  /** The ssh command; for tests. */
  ssh?: string;
  sockets?: ControlSockets;
}

/** It becomes part of a path below which root writes. */
const runIdForm = /^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/;
const CONNECT_TIMEOUT_S = 5;
/** From the call to the script's first line: dialling, host keys, login, sudo. A slow node gets longer for the rest. */
const BEGIN_TIMEOUT_MS = 10_000;
const SCRIPT_TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;

let ownSockets: ControlSockets | undefined;

export function createNodeLane(cluster: ClusterConnection, options: NodeLaneOptions = {}): NodeLane {
  const sockets = options.sockets ?? (ownSockets ??= createControlSockets());
  async function send(
    call: NodeScriptCall,
    marker: Marker,
    output: Pick<CommandLimits, 'stdoutBytes' | 'take'>,
  ): Promise<CommandEnd> {
    const { name, address } = {
      ...masterOf(cluster, call.node),
      ...(call.address && { address: call.address }),
    };
    const way = { cluster: cluster.name, node: name, address, ...cluster.ssh };
    const argv = [options.ssh ?? 'ssh', ...sshArguments(cluster, name, address, sockets.pathFor(way))];
    const text = scriptText(call.script, { ...marker, args: call.args ?? [], input: call.input ?? '' });
    const end = await runBounded(argv, text, {
      timeoutMs: call.timeoutMs ?? SCRIPT_TIMEOUT_MS,
      silentMs: BEGIN_TIMEOUT_MS,
      ...output,
      ...(call.signal ? { signal: call.signal } : {}),
    }).catch((error: NodeJS.ErrnoException) => {
      call.signal?.throwIfAborted();
      if (output.take && error.code !== 'ENOENT') throw error;
      const why = error.code === 'ENOENT' ? 'ssh is not installed on this host' : error.message;
      throw failure('NodeUnreachable', `${name}: ${why}`);
    });
    if (end.cut !== undefined) sockets.discard(way);
    return end;
  }
  return {
    async run(call) {
      const marker = markerFor(cluster, call);
      return judge(await send(call, marker, { stdoutBytes: MAX_OUTPUT_BYTES }), marker, call.node);
    },
    async stream(call) {
      const marker = markerFor(cluster, call);
      const parts = createStreamParts(marker, call.mostBytes, call.body);
      const stdoutBytes = call.mostBytes + MAX_OUTPUT_BYTES;
      const end = await send(call, marker, { stdoutBytes, take: (chunk) => parts.take(chunk) });
      const values = judge({ ...end, stdout: parts.text() }, marker, call.node);
      if (parts.isWhole()) return values;
      throw failure('OutcomeUnknown', `${call.node}: ${marker.step} did not send the whole file`);
    },
  };
}

/** Checks what is asked for, and names the call. */
function markerFor(cluster: ClusterConnection, call: NodeScriptCall): Marker {
  masterOf(cluster, call.node);
  if (!runIdForm.test(call.runId)) {
    throw failure('PreconditionFailed', `'${call.runId}' cannot be the name of a directory on a node`);
  }
  checkApproved(call);
  return {
    runId: call.runId,
    step: call.script.replace(/\.sh$/, ''),
    nonce: randomBytes(8).toString('hex'),
  };
}

/** A worker that was upgraded between the vote and the act has other code than what was voted for. */
function checkApproved({ node, script, approved }: NodeScriptCall): void {
  if (approved === undefined || approved[script] === scriptHashes()[script]) return;
  const sentence = `${node}: this worker's ${script} is not the one that was approved; start a worker of the approved version, then retry`;
  throw failure('PreconditionFailed', sentence);
}

/** A lane on which only approved scripts run; without a list, any of ours. */
export function approvedOnly(lane: NodeLane, approved: NodeScriptCall['approved']): NodeLane {
  if (approved === undefined) return lane;
  return {
    run: (call) => lane.run({ ...call, approved }),
    stream: (call) => lane.stream({ ...call, approved }),
  };
}

/**
 * The name is what ssh's own configuration file is asked for, the address is what it dials: an inventory and a file that
 * disagree must not lead to another machine. Host keys are never learnt on the way.
 */
function sshArguments(
  cluster: ClusterConnection,
  name: string,
  address: string,
  controlPath: string,
): string[] {
  const options = {
    BatchMode: 'yes',
    StrictHostKeyChecking: 'yes',
    HostName: address,
    ConnectTimeout: String(CONNECT_TIMEOUT_S),
    // A node that died under an open connection is noticed in about six seconds.
    ServerAliveInterval: '2',
    ServerAliveCountMax: '3',
    ControlMaster: 'auto',
    ControlPath: controlPath,
    ControlPersist: '20',
    ForwardAgent: 'no',
    ClearAllForwardings: 'yes',
    PermitLocalCommand: 'no',
    RequestTTY: 'no',
    LogLevel: 'ERROR',
  };
  return [
    ...(cluster.ssh.config === undefined ? [] : ['-F', cluster.ssh.config]),
    ...Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]),
    '-l',
    cluster.ssh.user,
    '--',
    name,
    'sudo -n -- /bin/bash -s',
  ];
}

function judge(end: CommandEnd, marker: Marker, node: string): Record<string, string> {
  const result = readResult(end.stdout, marker);
  if (result.state === 'ended') {
    if (result.verdict === 'ok') return result.values;
    throw refusal(result.verdict, `${node}: ${marker.step}: ${result.values['error'] ?? 'no reason given'}`);
  }
  const said = redact(lastLine(end.stderr), 300);
  const how = end.cut ?? (end.code === undefined ? 'killed by a signal' : `exit code ${end.code}`);
  const because = said === '' ? how : `${how}: ${said}`;
  // 255 is ssh's own word for "I could not", also when the connection broke under a running script.
  const unreachable = end.code === 255 || (end.cut !== undefined && result.state === 'not-begun');
  if (unreachable && result.state === 'not-begun') {
    throw failure('NodeUnreachable', `${node} cannot be reached by ssh: ${because}`);
  }
  if (unreachable)
    throw failure('NodeUnreachable', `${node}: connection lost during ${marker.step}: ${because}`);
  throw failure('OutcomeUnknown', `${node}: ${marker.step} ended without its result line: ${because}`);
}

function refusal(verdict: Exclude<ScriptVerdict, 'ok'>, sentence: string): Error {
  if (verdict === 'precondition') return failure('PreconditionFailed', sentence);
  if (verdict === 'failed') return failure('NodeScriptFailed', sentence);
  return failure('OutcomeUnknown', sentence);
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
