import { provePlatform } from '../../domain/kubelet/platform-proof.ts';
import type { ClusterConnection } from '../connections/cluster.ts';
import type { NodeLane } from '../connections/node-lane.ts';
import type { ObserveActivities } from '../contract.ts';
import { failure } from '../failure.ts';
import { pause } from '../heartbeat.ts';
import { observeControlPlane } from './control-plane.ts';

/** Operators settle within minutes; asking them more often brings nothing but load. */
const POLL_MS = 5000;

/** Looks until the operators have been settled about the node without a break for `soakMs`. */
export async function verifyPlatform(
  cluster: ClusterConnection,
  lane: NodeLane,
  { node, soakMs, timeoutMs }: Parameters<ObserveActivities['verifyPlatform']>[0],
  signal: AbortSignal,
): ReturnType<ObserveActivities['verifyPlatform']> {
  const deadline = Date.now() + timeoutMs;
  let heldSince: number | undefined;
  for (;;) {
    const { proofs, missing } = provePlatform(await observeControlPlane(cluster, lane, signal), node);
    const now = Date.now();
    if (missing.length > 0) heldSince = undefined;
    else {
      heldSince ??= now;
      if (now - heldSince >= soakMs) return { proofs };
    }
    if (now >= deadline)
      throw failure(
        'NotYetHealthy',
        `the operators are not settled about ${node} after ${timeoutMs / 60_000} minutes: ${missing.join('; ')}`,
      );
    await pause(POLL_MS, signal);
  }
}
