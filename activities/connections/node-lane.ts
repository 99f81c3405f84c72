import type { Duplex } from 'node:stream';
import type { NodeScriptName } from '../node-scripts/scripts.ts';
import { runBounded, type CommandLimits } from './bounded-command.ts';
import type { ClusterConnection } from './cluster.ts';
import { createControlSockets, type ControlSockets } from './control-sockets.ts';
import { laneOver } from './script-lane.ts';
import { sshArguments } from './ssh-command.ts';
import { dialBySsh } from './ssh-dial.ts';
import { carryToFirst, placesOf } from './moved-master.ts';
import type { WhereNow } from './where-now.ts';
import { failure } from '../failure.ts';

/** Runs our small root scripts on the masters of one cluster, over the system's OpenSSH or from a pod that stands for a moment. Nothing is installed there. */
export interface NodeLane {
  /**
   * Throws `NodeUnreachable` (nobody carried it there), `OutcomeUnknown` (no result seen, or another script holds the node's lock),
   * `NodeScriptFailed` or `PreconditionFailed` (the script's own words, or not the
   * approved script), `UnknownNode`.
   */
  run(call: NodeScriptCall): Promise<Record<string, string>>;
  /**
   * The same for a script that sends a file as it is, without a limit of its own but `mostBytes`. `body` gets it piece by piece,
   * and no more is read while it works; what it throws ends the script. When this returns, every byte has come.
   */
  stream(call: NodeStreamCall): Promise<Record<string, string>>;
  /**
   * A new connection to a port of that master that listens for the machine itself; what goes wrong is the stream's error.
   * Absent where this lane cannot carry one.
   */
  dial?: (node: string, port: number) => Duplex;
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
  signal?: AbortSignal;
}

export interface NodeLaneOptions {
  /** The ssh command; for tests. */
  ssh?: string;
  sockets?: ControlSockets;
  /** Asked for a master with whom no script could be begun at the inventory's address. Absent: there is no other place. */
  whereNow?: WhereNow;
  /** Where masters that have moved were found last. */
  moved?: Map<string, string>;
}

let ownSockets: ControlSockets | undefined;

/**
 * Over ssh. A master that has moved since the inventory was written is dialled where the cluster has it now: its host key and its
 * own name still have to be the ones that belong to it.
 */
export function createNodeLane(cluster: ClusterConnection, options: NodeLaneOptions = {}): NodeLane {
  const { ssh = 'ssh', sockets = (ownSockets ??= createControlSockets()) } = options;
  const places = placesOf(cluster, options);
  const wayTo = (node: string, address: string) => {
    const master = { name: node, address };
    return { master, way: { cluster: cluster.name, node, address, ...cluster.ssh } };
  };
  const carryTo = async (node: string, address: string, text: string, limits: CommandLimits) => {
    const { master, way } = wayTo(node, address);
    const command = { command: 'sudo -n -- /bin/bash -s' };
    const argv = [ssh, ...sshArguments(cluster, master, sockets.pathFor(way), command)];
    const end = await runBounded(argv, text, limits).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT'
        ? failure('NodeUnreachable', `${node}: ssh is not installed on this host`)
        : error;
    });
    if (end.cut !== undefined) sockets.discard(way);
    return end;
  };
  const scripts = laneOver(cluster, 'ssh', ({ node }, text, limits) =>
    carryToFirst(places, { node, limits }, (address, bounded) => carryTo(node, address, text, bounded)),
  );
  return {
    ...scripts,
    dial(node, port) {
      const { master, way } = wayTo(node, places.first(node));
      return dialBySsh([ssh, ...sshArguments(cluster, master, sockets.pathFor(way), { port })], node);
    },
  };
}

/** A lane on which only approved scripts run; without a list, any of ours. */
export function approvedOnly(lane: NodeLane, approved: NodeScriptCall['approved']): NodeLane {
  if (approved === undefined) return lane;
  return {
    ...lane,
    run: (call) => lane.run({ ...call, approved }),
    stream: (call) => lane.stream({ ...call, approved }),
  };
}
