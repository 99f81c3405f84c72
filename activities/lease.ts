import { isLeaseTarget } from '../domain/lease.ts';
import { restoreLease, setLease } from './act/lease.ts';
import { clusterOf, type ClusterConnection } from './connections/cluster.ts';
import type { NodeLane } from './connections/node-lane.ts';
import { failure } from './failure.ts';
import { heartbeating } from './heartbeat.ts';
import type { ActivityDeps } from './index.ts';
import type { LeaseActivities } from './lease-contract.ts';
import { readLease } from './observe/lease.ts';
import { requireWatched } from './observe/run-over.ts';

export function createLeaseActivities({ inventory, laneOf }: ActivityDeps): LeaseActivities {
  /** Names come from a history, and from a person's terminal: one that is not in the list must not become a path. */
  function on<T>(
    name: string,
    target: unknown,
    work: (reach: { cluster: ClusterConnection; lane: NodeLane; signal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    const cluster = clusterOf(inventory, name);
    if (!isLeaseTarget(target))
      throw failure('PreconditionFailed', `there is no lease target ${String(target)}`);
    return heartbeating((signal) => work({ cluster, lane: laneOf(cluster), signal }));
  }
  return {
    setLease: ({ cluster: name, lease }) =>
      on(name, lease.target, (reach) => setLease(reach, lease, (one) => requireWatched(name, one))),
    restoreLease: ({ cluster: name, lease }) => on(name, lease.target, (reach) => restoreLease(reach, lease)),
    readLease: ({ cluster: name, target }) =>
      on(name, target, ({ cluster, lane, signal }) => readLease(cluster, lane, target, signal)),
  };
}
