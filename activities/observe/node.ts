import type { NodeLane } from '../connections/node-lane.ts';
import { failure, sentenceOf } from '../failure.ts';
import { parseNodeLook, type NodeLook } from './parse-kubelet.ts';

/** Longer than the kubelet's own five minutes: a rejected credential shows over several of its starts. */
const JOURNAL_MINUTES = 15;

/**
 * One look at a master's own side, by `runId` when it is for a run: the backup that this one made is then no left-over.
 * Throws what the lane throws, and `OutcomeUnknown` for an answer that makes no sense.
 */
export async function lookAtNode(
  lane: NodeLane,
  node: string,
  { signal, runId, timeoutMs = 25_000 }: { signal?: AbortSignal; runId?: string; timeoutMs?: number },
): Promise<NodeLook> {
  const values = await lane.run({
    node,
    script: 'observe-kubelet.sh',
    runId: runId ?? 'observe',
    args: [node, String(JOURNAL_MINUTES), ...(runId === undefined ? [] : [runId])],
    timeoutMs,
    ...(signal ? { signal } : {}),
  });
  try {
    return parseNodeLook(values);
  } catch (error) {
    throw failure('OutcomeUnknown', `${node}: observe-kubelet: ${sentenceOf(error)}`);
  }
}
