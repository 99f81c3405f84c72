import { leaseTargets, type LeaseTargetName } from '../../domain/lease.ts';
import { readLeaseIn, type LeaseReading } from '../../domain/lease-rules.ts';
import { createBudget } from '../connections/budget.ts';
import type { ClusterConnection } from '../connections/cluster.ts';
import { connectKubernetes } from '../connections/kubernetes.ts';
import { readUnlessGone } from '../connections/reads.ts';

/** One object; the etcd operator's is some 20 kB. */
const LIMITS = { apiCalls: 2, bytes: 2_000_000 };

export async function readLease(
  cluster: ClusterConnection,
  target: LeaseTargetName,
  signal: AbortSignal,
): Promise<LeaseReading> {
  const api = await connectKubernetes({ ...cluster.api, budget: createBudget(LIMITS), signal });
  try {
    // With the object its setting is gone.
    const object = await readUnlessGone(api, leaseTargets[target].object);
    return object === undefined ? { state: 'free' } : readLeaseIn(object, target);
  } finally {
    api.close();
  }
}
