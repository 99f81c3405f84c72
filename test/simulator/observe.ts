import type {
  KubeletEvidence,
  MasterObservation,
  Observation,
  RunOnNode,
  Traces,
} from '../../domain/control-plane.ts';
import { readLeaseIn } from '../../domain/lease-rules.ts';
import { known } from '../../domain/reading.ts';
import {
  apiUnreachable,
  bootstrapper,
  healthyObservation,
  incidentOn,
  kubeletOf,
  masterOf,
  observedAt,
  unreachableBySsh,
} from '../support/observations.ts';
import { nodeIn, type SimulatedCluster, type SimulatedNode } from './state.ts';

/** What a look at the simulated cluster shows at `now`: the fixtures of the domain's tests, as its state has them. */
export function observationOf(cluster: SimulatedCluster, now: Date): Observation {
  const healthy = shifted(healthyObservation(), now.getTime() - Date.parse(observedAt));
  let seen: Observation = { ...healthy, cluster: cluster.name, at: now.toISOString() };
  for (const name of Object.keys(cluster.nodes)) seen = withNode(seen, cluster, name, now);
  if (seen.csrs.known) seen.csrs.value = structuredClone(cluster.csrs);
  if (seen.signer.known) seen.signer.value.alive = cluster.signerAlive;
  if (seen.bootstrapSecret.known) seen.bootstrapSecret.value.hasToken = cluster.bootstrapSecret;
  const target = 'etcd-unsafe-override';
  seen.lentSettings = [
    { target, lease: known(readLeaseIn(cluster.etcdObject, target), 'GET etcds/cluster') },
  ];
  if (seen.api.known && cluster.detour !== undefined)
    seen.api.value.through = { master: cluster.detour, because: 'connect ECONNREFUSED' };
  return cluster.apiReachable ? seen : apiUnreachable(seen);
}

export function evidenceOf(cluster: SimulatedCluster, name: string, now: Date): KubeletEvidence {
  return kubeletOf(observationOf(cluster, now), name);
}

function withNode(seen: Observation, cluster: SimulatedCluster, name: string, now: Date): Observation {
  const node = nodeIn(cluster, name);
  if (node.certificate === 'missing') {
    const times = shifted(incidentOn(name), now.getTime() - Date.parse(observedAt));
    const broken = masterOf(times, name);
    Object.assign(masterOf(seen, name), {
      node: broken.node,
      mirrorPods: broken.mirrorPods,
      kubelet: broken.kubelet,
    });
  }
  const master = masterOf(seen, name);
  if (master.node.known && node.certificate === 'present')
    master.node.value.leaseRenewedAt = now.toISOString();
  if (master.kubelet.known) describeKubelet(master.kubelet.value, node, now);
  if (master.mirrorPods.known) {
    for (const pod of master.mirrorPods.value) pod.statusTime = node.mirrorPodsSince ?? observedAt;
  }
  describeHealth(master, node);
  return node.sshReachable ? seen : unreachableBySsh(seen, name);
}

function describeHealth({ etcd, apiServer, node: status }: MasterObservation, node: SimulatedNode): void {
  if (etcd.known) etcd.value.healthy = node.etcdHealthy;
  if (apiServer.known) apiServer.value.healthy = node.apiServerHealthy;
  if (!node.kubeletActive && status.known) status.value.ready = 'Unknown';
}

function describeKubelet(kubelet: KubeletEvidence, node: SimulatedNode, now: Date): void {
  kubelet.unit.startedAt = node.startedAt;
  kubelet.unit.invocationId = `start-${node.starts}`;
  if (!node.kubeletActive) Object.assign(kubelet.unit, { activeState: 'inactive', subState: 'dead' });
  kubelet.traces = tracesOn(node);
  const { bootstrap } = kubelet;
  if (bootstrap.file.state === 'present') bootstrap.file.sha256 = node.bootstrap.sha256;
  bootstrap.accepted = node.bootstrap.kind === 'rejected' ? 'rejected' : 'yes';
  bootstrap.detail = node.bootstrap.kind === 'rejected' ? 'Unauthorized' : 'yes';
  bootstrap.tokenSubject = bootstrapper;
  if (node.bootstrap.kind === 'temporary') {
    bootstrap.tokenExpiresAt = new Date(now.getTime() + 3_600_000).toISOString();
    kubelet.temporaryCredentials = ['/etc/kubernetes/kubeconfig'];
  }
}

function tracesOn(node: SimulatedNode): Traces {
  const ids = [...new Set([...Object.keys(node.backups), ...Object.keys(node.halfWritten)])];
  const runs = ids.map((runId) => traceOf(node, runId));
  return { runs, lockHeld: node.lockHeld };
}

function traceOf(node: SimulatedNode, runId: string): RunOnNode {
  const concluded = node.concluded[runId];
  return {
    runId,
    hasDirectory: node.backups[runId] !== undefined,
    ...(concluded === undefined ? {} : { concluded }),
    aborted: concluded === 'put back',
    holdsBootstrap: node.bootstrap.by === runId,
    restarts: node.restarts.filter((one) => one.startsWith(`${runId}/`)).length,
    quarantined: 0,
    halfWritten: node.halfWritten[runId] ?? [],
  };
}

/** The fixtures stand still; a decision compares their times with a clock. */
function shifted<T>(value: T, milliseconds: number): T {
  return JSON.parse(JSON.stringify(value), (_key, each: unknown) =>
    typeof each === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(each)
      ? new Date(Date.parse(each) + milliseconds).toISOString()
      : each,
  ) as T;
}
