import { Context } from '@temporalio/activity';
import { nodeCommonName } from '../../domain/kubelet/names.ts';
import { createBudget, noLimits } from '../connections/budget.ts';
import { clusterOf, masterOf, type ClusterConnection } from '../connections/cluster.ts';
import { connectTo } from '../connections/cluster-api.ts';
import { approvedOnly, type NodeLane } from '../connections/node-lane.ts';
import type { ActActivities, NodeRef, RunRef } from '../contract.ts';
import { heartbeating } from '../heartbeat.ts';
import type { ActivityDeps } from '../index.ts';
import { approveKubeletCsr, listRequests } from './approve-csr.ts';
import { installBootstrapCredential, installDurableBootstrap } from './install-bootstrap.ts';
import { backUpKubelet, concludeRun, restartKubelet, restoreKubeletBackup } from './kubelet.ts';

interface Reach {
  cluster: ClusterConnection;
  lane: NodeLane;
  signal: AbortSignal;
}

/** One idempotent change each: it reads first, and "already so" is success. */
export function createActActivities({ inventory, laneOf }: ActivityDeps): ActActivities {
  function on<T>(input: NodeRef & Pick<RunRef, 'scripts'>, work: (reach: Reach) => Promise<T>): Promise<T> {
    const cluster = clusterOf(inventory, input.cluster);
    masterOf(cluster, input.node);
    const lane = approvedOnly(laneOf(cluster), input.scripts);
    return heartbeating((signal) => work({ cluster, lane, signal }));
  }
  return {
    backUpKubelet: (input) => on(input, ({ lane, signal }) => backUpKubelet(lane, input, signal)),
    installBootstrapCredential: (input) =>
      on(input, ({ cluster, lane, signal }) => installBootstrapCredential(cluster, lane, input, signal)),
    recordCsrs: (input) => on(input, ({ cluster, lane, signal }) => recordCsrs(cluster, lane, input, signal)),
    restartKubelet: (input) => on(input, ({ lane, signal }) => restartKubelet(lane, input, signal)),
    approveKubeletCsr: (input) =>
      on(input, ({ cluster, lane, signal }) =>
        approveKubeletCsr(cluster, lane, input, { by: ourName(), signal }),
      ),
    installDurableBootstrap: (input) =>
      on(input, ({ cluster, lane, signal }) => installDurableBootstrap(cluster, lane, input, signal)),
    restoreKubeletBackup: (input) =>
      on(input, ({ lane, signal }) => restoreKubeletBackup(lane, input, signal)),
    concludeRun: (input) => on(input, ({ lane, signal }) => concludeRun(lane, input, signal)),
  };
}

async function recordCsrs(
  cluster: ClusterConnection,
  lane: NodeLane,
  { node }: NodeRef,
  signal: AbortSignal,
): ReturnType<ActActivities['recordCsrs']> {
  const api = await connectTo(cluster, lane, { budget: createBudget(noLimits()), signal });
  try {
    const requests = await listRequests(api);
    const own = requests.filter(({ commonName }) => commonName === nodeCommonName(node));
    return { uids: own.map(({ uid }) => uid), at: new Date().toISOString() };
  } finally {
    api.close();
  }
}

/** `control-plane-recovery, workflow recovery/prod-eu-1 (0b1c…)`: leads from an audit log to the run. */
function ourName(): string {
  const { workflowExecution } = Context.current().info;
  if (!workflowExecution) return 'control-plane-recovery';
  return `control-plane-recovery, workflow ${workflowExecution.workflowId} (${workflowExecution.runId})`;
}
