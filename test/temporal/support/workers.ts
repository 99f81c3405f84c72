import { defaultEtcdPolicy } from '../../../domain/etcd/policy.ts';
import { defaultPolicy } from '../../../domain/policy.ts';
import type { Policy } from '../../../domain/policy.ts';
import type { Activities } from '../../../activities/contract.ts';
import { workflowBundle, type WorkflowBundle } from '../../../worker/bundle.ts';
import type { Inventory } from '../../../worker/config/inventory.ts';
import { startWorkers } from '../../../worker/run-worker.ts';
import type { TestTemporal } from './temporal.ts';

export interface WithWorkerOptions {
  activities: Activities;
  inventory?: Inventory;
  /** Absent: the product's own workflows. */
  bundle?: WorkflowBundle;
}

/** Serves `runbooks` and the clusters' queues in this process while `work` runs. Ends the workers also when it fails. */
export async function withWorker<T>(
  { nativeConnection }: TestTemporal,
  { activities, inventory = testInventory(), bundle }: WithWorkerOptions,
  work: () => Promise<T>,
): Promise<T> {
  const workers = await startWorkers({
    activities,
    inventory,
    bundle: bundle ?? (await workflowBundle()),
    connection: nativeConnection,
    namespace: 'default',
    identity: 'worker@test',
    shutdownGraceMs: 0,
  });
  try {
    const failed = workers.finished.then(() => Promise.reject(new Error('the workers ended by themselves')));
    return await Promise.race([work(), failed]);
  } finally {
    await workers.stop();
  }
}

/** An inventory with the named clusters of three masters each, allowed to act. Its files do not exist. */
export function testInventory(
  clusters: readonly string[] = ['lab'],
  policy: Partial<Policy> = {},
): Inventory {
  const masters = {
    'master-0': { address: '192.0.2.10' },
    'master-1': { address: '192.0.2.11' },
    'master-2': { address: '192.0.2.12' },
  };
  const cluster = (name: string) => ({
    name,
    api: { kubeconfig: '/nowhere/kubeconfig' },
    ssh: { user: 'core' },
    masters,
    policy: { ...defaultPolicy, approvals: 'open' as const, ...policy },
    etcd: defaultEtcdPolicy,
  });
  const entries = clusters.map((name) => [name, cluster(name)] as const);
  return { file: '/nowhere/clusters.yaml', clusters: Object.fromEntries(entries) };
}
