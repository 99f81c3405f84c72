import { leaseTargets, type LeaseTargetName } from '../../domain/lease.ts';
import { readLeaseIn, type LeaseReading } from '../../domain/lease-rules.ts';
import { createBudget } from '../connections/budget.ts';
import type { ClusterConnection } from '../connections/cluster.ts';
import { connectTo } from '../connections/cluster-api.ts';
import type { NodeLane } from '../connections/node-lane.ts';
import { readUnlessGone } from '../connections/reads.ts';

/** One object; the etcd operator's is some 20 kB. Where the endpoint is down the way through a master is looked for first. */
const LIMITS = { apiCalls: 20, bytes: 2_000_000 };

export async function readLease(
  cluster: ClusterConnection,
  lane: NodeLane,
  target: LeaseTargetName,
  signal: AbortSignal,
): Promise<LeaseReading> {
  const api = await connectTo(cluster, lane, { budget: createBudget(LIMITS), signal });
  try {
    // With the object its setting is gone.
    const object = await readUnlessGone(api, leaseTargets[target].object);
    return object === undefined ? { state: 'free' } : readLeaseIn(object, target);
  } finally {
    api.close();
  }
}
