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
  clientFile,
  healthyObservation,
  incidentOn,
  kubeletOf,
  masterOf,
  observedAt,
  server,
  unreachableBySsh,
} from '../support/observations.ts';
import { remediatorsIn } from './etcd/observe.ts';
import type { EtcdModel } from './etcd/state.ts';
import { nodeIn, type SimulatedCluster, type SimulatedNode } from './state.ts';

/** What a look at the simulated cluster shows at `now`: the fixtures of the domain's tests, as its state has them. */
export function observationOf(cluster: SimulatedCluster, now: Date): Observation {
  const healthy = shifted(healthyObservation(), now.getTime() - Date.parse(observedAt));
  let seen: Observation = { ...healthy, cluster: cluster.name, at: now.toISOString() };
  for (const name of Object.keys(cluster.nodes)) seen = withNode(seen, cluster, name, now);
  if (seen.csrs.known) seen.csrs.value = structuredClone(cluster.csrs);
  if (seen.signer.known) seen.signer.value.alive = cluster.signerAlive;
  if (seen.bootstrapSecret.known) seen.bootstrapSecret.value.hasToken = cluster.bootstrapSecret;
  if (seen.powers.known)
    Object.assign(seen.powers.value, { approveRequests: cluster.mayApprove, fileRequests: cluster.mayFile });
  if ('model' in cluster) seen.platform.remediators = remediatorsIn(cluster as EtcdModel);
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
  if (node.certificate === 'missing' && !node.runsAsAdmin) {
    const times = shifted(incidentOn(name), now.getTime() - Date.parse(observedAt));
    const broken = masterOf(times, name);
    Object.assign(masterOf(seen, name), {
      node: broken.node,
      mirrorPods: broken.mirrorPods,
      kubelet: broken.kubelet,
    });
  }
  return asItIs(seen, node, name, now);
}

function asItIs(seen: Observation, node: SimulatedNode, name: string, now: Date): Observation {
  const master = masterOf(seen, name);
  if (master.node.known && (node.certificate === 'present' || node.runsAsAdmin))
    master.node.value.leaseRenewedAt = now.toISOString();
  if (master.kubelet.known) {
    describeKubelet(master.kubelet.value, node, now);
    describeAdmin(master.kubelet.value, node);
    if (node.kept && node.certificate === 'missing')
      master.kubelet.value.clientFiles = [clientFile(name, { isCurrent: false, ...keptFile })];
  }
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

export const keptFile = {
  path: '/var/lib/kubelet/pki/kubelet-client-2026-11-01-00-00-00.pem',
  sha256: '0f'.repeat(32),
};

/** Cluster-admin: where the platform keeps it, and where it must not stay. */
function describeAdmin(kubelet: KubeletEvidence, { lent, runsAsAdmin, bootstrap }: SimulatedNode): void {
  const admin = { commonName: 'system:admin', organizations: ['system:masters'] };
  kubelet.adminKubeconfigs = [
    {
      path: '/etc/kubernetes/static-pod-resources/kube-apiserver-certs/secrets/node-kubeconfigs/lb-int.kubeconfig',
      sha256: 'ad'.repeat(32),
      server,
      caSha256: 'ca'.repeat(32),
      ...admin,
      notAfter: '2030-01-01T00:00:00.000Z',
    },
  ];
  if (bootstrap.kind === 'admin') kubelet.adminCredentials.push('/etc/kubernetes/kubeconfig');
  if (lent !== 'kubeconfig') return;
  kubelet.adminCredentials.push('/var/lib/kubelet/kubeconfig');
  const { kubeconfig, clientCertificate } = kubelet;
  if (kubeconfig.state === 'present')
    Object.assign(kubeconfig, {
      credential: 'client-certificate-data',
      embeddedOrganizations: admin.organizations,
    });
  if (runsAsAdmin && clientCertificate.state === 'present') Object.assign(clientCertificate, admin);
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
