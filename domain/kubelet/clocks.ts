import type { KubeletEvidence } from '../control-plane.ts';

/** Times in an object are the API server's, those of a kubelet its node's: they are compared by one clock, the API server's. */

/** Both a start and a creation are known to the second, and what is cut off may be nearly one. */
const toleranceMs = 1000;

/**
 * From when on a request can be one of the kubelet that runs, in ms by the API server's clock. NaN where it does not run.
 * `apiNowMs`: that clock when the look at the node began. The node said its time a little later, by its way there: so the start
 * seems earlier by as much (seconds at most), and never later than it was. A request of its predecessor may then count too,
 * and two are never one.
 */
export function startByApi(
  { unit, nodeTime }: Pick<KubeletEvidence, 'unit' | 'nodeTime'>,
  apiNowMs: number,
): number {
  return Date.parse(unit.startedAt ?? '') + apiNowMs - Date.parse(nodeTime) - toleranceMs;
}
