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
import type { LadderActivities } from '../kubelet-contract.ts';
import { installBootstrapCredential, installDurableBootstrap } from './install-bootstrap.ts';
import { lendAdmin, noteWaitingRequest, relinkCertificate, withdrawAdmin } from './ladder.ts';
import {
  approveOwnRequest,
  fileKubeletRequest,
  installKubeletCertificate,
  makeKubeletKey,
} from './own-request.ts';
import { backUpKubelet, concludeRun, restartKubelet, restoreKubeletBackup } from './kubelet.ts';

interface Reach {
  cluster: ClusterConnection;
  lane: NodeLane;
  signal: AbortSignal;
}

/** One idempotent change each: it reads first, and "already so" is success. */
export function createActActivities({ inventory, laneOf }: ActivityDeps): ActActivities & LadderActivities {
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
    noteWaitingRequest: (input) => on(input, (reach) => noteWaitingRequest(reach, input)),
    relinkCertificate: (input) => on(input, ({ lane, signal }) => relinkCertificate(lane, input, signal)),
    makeKubeletKey: (input) => on(input, ({ lane, signal }) => makeKubeletKey(lane, input, signal)),
    fileKubeletRequest: (input) => on(input, (reach) => fileKubeletRequest(reach, input)),
    approveOwnRequest: (input) => on(input, (reach) => approveOwnRequest(reach, input, ourName())),
    installKubeletCertificate: (input) => on(input, (reach) => installKubeletCertificate(reach, input)),
    withdrawAdmin: (input) => on(input, ({ lane, signal }) => withdrawAdmin(lane, input, signal)),
    lendAdmin: (input) => on(input, ({ lane, signal }) => lendAdmin(lane, input, signal)),
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
