import { randomBytes } from 'node:crypto';
import { failure, typeOf } from '../failure.ts';
import { scriptHashes, scriptText } from '../node-scripts/scripts.ts';
import { redact } from '../redact.ts';
import type { CommandEnd, CommandLimits } from './bounded-command.ts';
import { masterOf, type ClusterConnection } from './cluster.ts';
import type { NodeLane, NodeScriptCall } from './node-lane.ts';
import { createStreamParts } from './node-stream.ts';
import { readResult, type Marker, type ScriptVerdict } from './node-result.ts';

/** It becomes part of a path below which root writes. */
const runIdForm = /^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/;
/** From the call to the script's first line: dialling, host keys, login, sudo. A slow node gets longer for the rest. */
const BEGIN_TIMEOUT_MS = 10_000;
const SCRIPT_TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;

/**
 * Brings a text to a root shell on a master, and back what that prints. Exit code 255: it could not, or lost the connection.
 * What it throws counts as a node that cannot be reached, unless it is a named failure already.
 */
export type Carry = (
  to: Pick<NodeScriptCall, 'node'>,
  text: string,
  limits: CommandLimits,
) => Promise<CommandEnd>;

/** The same scripts, markers and errors whatever carries them; `by` is its name in an error. */
export function laneOver(
  cluster: ClusterConnection,
  by: string,
  carry: Carry,
): Pick<NodeLane, 'run' | 'stream'> {
  function send(
    call: NodeScriptCall,
    marker: Marker,
    output: Pick<CommandLimits, 'stdoutBytes' | 'take'>,
  ): Promise<CommandEnd> {
    const text = scriptText(call.script, { ...marker, args: call.args ?? [], input: call.input ?? '' });
    return carry(call, text, {
      timeoutMs: call.timeoutMs ?? SCRIPT_TIMEOUT_MS,
      silentMs: BEGIN_TIMEOUT_MS,
      ...output,
      ...(call.signal ? { signal: call.signal } : {}),
    }).catch((error: Error) => {
      call.signal?.throwIfAborted();
      // Of a stream, what its reader threw.
      if (output.take || typeOf(error) !== undefined) throw error;
      throw failure('NodeUnreachable', `${call.node}: ${error.message}`);
    });
  }
  return {
    async run(call) {
      const marker = markerFor(cluster, call);
      return judge(await send(call, marker, { stdoutBytes: MAX_OUTPUT_BYTES }), marker, call.node, by);
    },
    async stream(call) {
      const marker = markerFor(cluster, call);
      const parts = createStreamParts(marker, call.mostBytes, call.body);
      const stdoutBytes = call.mostBytes + MAX_OUTPUT_BYTES;
      const end = await send(call, marker, { stdoutBytes, take: (chunk) => parts.take(chunk) });
      const values = judge({ ...end, stdout: parts.text() }, marker, call.node, by);
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

function judge(end: CommandEnd, marker: Marker, node: string, by: string): Record<string, string> {
  const result = readResult(end.stdout, marker);
  if (result.state === 'ended') {
    if (result.verdict === 'ok') return result.values;
    throw refusal(result.verdict, `${node}: ${marker.step}: `, result.values);
  }
  const said = redact(lastLine(end.stderr), 300);
  const how = end.cut ?? (end.code === undefined ? 'killed by a signal' : `exit code ${end.code}`);
  const because = said === '' ? how : `${how}: ${said}`;
  // 255 is ssh's own word for "I could not", and the pod lane's, also when the connection broke under a running script.
  const unreachable = end.code === 255 || (end.cut !== undefined && result.state === 'not-begun');
  if (unreachable && result.state === 'not-begun') {
    throw failure('NodeUnreachable', `${node} cannot be reached by ${by}: ${because}`);
  }
  if (unreachable)
    throw failure('NodeUnreachable', `${node}: connection lost during ${marker.step}: ${because}`);
  throw failure('OutcomeUnknown', `${node}: ${marker.step} ended without its result line: ${because}`);
}

/** In the script's own words; `unbegun` where it says that no attempt of this act has changed anything. */
function refusal(
  verdict: Exclude<ScriptVerdict, 'ok'>,
  where: string,
  { error = 'no reason given', unbegun }: Record<string, string>,
): Error {
  const details = unbegun === 'yes' ? { unbegun: true } : undefined;
  if (verdict === 'precondition') return failure('PreconditionFailed', where + error, details);
  if (verdict === 'failed') return failure('NodeScriptFailed', where + error, details);
  return failure('OutcomeUnknown', where + error, details);
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
