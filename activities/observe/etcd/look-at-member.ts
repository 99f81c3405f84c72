import type { EtcdHost, MemberView } from '../../../domain/etcd/observation.ts';
import { known, unknown, type Reading } from '../../../domain/reading.ts';
import type { NodeLane } from '../../connections/node-lane.ts';
import { sentenceOf } from '../../failure.ts';
import { unreadable } from '../api-look.ts';
import { parseHost, parseRoom, type Values } from './parse-host.ts';
import { nothingOf, parseView } from './parse-view.ts';

export interface MemberLook {
  view: MemberView;
  host: Reading<EtcdHost>;
  room: Reading<{ freeBytes: number }>;
}

/** Longer than every one of its own time limits together: four seconds for each question that a sick member is asked. */
const TIMEOUT_MS = 35_000;

/** What one master's member says itself, and nothing else. Never throws but for an abort by `signal`. */
export async function askMember(lane: NodeLane, node: string, signal: AbortSignal): Promise<MemberView> {
  try {
    return parseView(await observe(lane, [node, 'member'], signal), `etcdctl on ${node}`);
  } catch (error) {
    signal.throwIfAborted();
    return nothingOf(unreadable(error, `${node}: observe-etcd.sh`));
  }
}

/** What one master's member says itself and what lies on its disk. Never throws but for an abort by `signal`. */
export async function lookAtMember(lane: NodeLane, node: string, signal: AbortSignal): Promise<MemberLook> {
  const source = `${node}: observe-etcd.sh`;
  try {
    const values = await observe(lane, [node], signal);
    return {
      view: parseView(values, `etcdctl on ${node}`),
      host: hostOf(values, source),
      room: parsed(values, parseRoom, source),
    };
  } catch (error) {
    signal.throwIfAborted();
    const why = unreadable(error, source);
    return { view: nothingOf(why), host: why, room: why };
  }
}

function observe(lane: NodeLane, args: [node: string, ...only: string[]], signal: AbortSignal) {
  const [node] = args;
  return lane.run({
    node,
    script: 'observe-etcd.sh',
    runId: 'observe',
    args,
    timeoutMs: TIMEOUT_MS,
    signal,
  });
}

/** Without its container runtime there are no logs, and half of the evidence would look like none. */
function hostOf(values: Values, source: string): Reading<EtcdHost> {
  const { runtimeError } = values;
  if (runtimeError === undefined) return parsed(values, parseHost, source);
  return unknown(sentenceOf(`crictl: ${runtimeError}`), source);
}

function parsed<T>(values: Values, parse: (values: Values) => T, source: string): Reading<T> {
  try {
    return known(parse(values), source);
  } catch (error) {
    return unknown(sentenceOf(error), source);
  }
}
