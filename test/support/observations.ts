import type {
  ClientCsr,
  KubeletEvidence,
  MasterObservation,
  MirrorPod,
  NodeStatus,
  Observation,
  RunOnNode,
  StaticPodManifest,
} from '../../domain/control-plane.ts';
import { known, unknown } from '../../domain/reading.ts';
import { bootstrapper, healthyKubelet, observedAt, secondsAfter } from './healthy-kubelet.ts';

export { bootstrapper, clientFile, observedAt, secondsAfter, server } from './healthy-kubelet.ts';

/**
 * The lab's control plane as one look sees it: three healthy masters. A test's fixture is this, minus one thing.
 * Every call gives a fresh object, so a test may change it freely.
 */
export const masters = ['master-0', 'master-1', 'master-2'];
const ourName = 'system:serviceaccount:control-plane-recovery:cpr';

/** As `readPolicy` gives them: name of a node script, SHA-256 of its text. */
export const scripts: Record<string, string> = Object.fromEntries(
  [
    'observe-kubelet',
    'read-bootstrap',
    'back-up-kubelet',
    'install-bootstrap',
    'restart-kubelet',
    'restore-kubelet',
    'conclude-run',
    'relink-certificate',
    'make-kubelet-key',
    'install-certificate',
    'withdraw-admin',
    'install-admin',
  ].map((name, index) => [`${name}.sh`, index.toString(16).repeat(64)]),
);

export function healthyObservation(): Observation {
  return {
    cluster: 'lab',
    at: observedAt,
    api: known({ server: 'https://10.78.0.14:6443', version: 'v1.34.4' }, 'GET /version'),
    masters: masters.map((name, index) => healthyMaster(name, index)),
    signer: known(
      {
        leaseHolder: 'master-0_5c0b',
        leaseRenewedAt: secondsAfter(observedAt, -1),
        leaseDurationSeconds: 15,
        alive: true,
      },
      'GET leases/kube-system/kube-controller-manager',
    ),
    csrs: known([], 'GET certificatesigningrequests'),
    bootstrapSecret: known(
      { namespace: 'openshift-machine-config-operator', name: 'node-bootstrapper-token', hasToken: true },
      'GET secrets/node-bootstrapper-token',
    ),
    powers: known(
      { username: ourName, mintBootstrapToken: true, fileRequests: true, approveRequests: true },
      'POST selfsubjectaccessreviews',
    ),
    platform: {
      operators: known('none', 'GET operator.openshift.io'),
      clusterOperators: known('none', 'GET clusteroperators'),
      metal3: known('none', 'GET deployments/metal3'),
      remediators: known([], 'GET machinehealthchecks, nodehealthchecks'),
    },
    lentSettings: [],
    cost: { apiCalls: 12, bytes: 48_213, milliseconds: 1_840 },
  };
}

/** The incident: no client certificate, a bootstrap credential that is rejected, mirror pods gone, Node Unknown. */
export function incidentOn(node: string, observation: Observation = healthyObservation()): Observation {
  const master = masterOf(observation, node);
  master.node = known(silentNode(), `GET nodes/${node}`);
  master.mirrorPods = known([], `GET pods on ${node}`);
  const kubelet = kubeletOf(observation, node);
  kubelet.clientCertificate = { state: 'missing' };
  kubelet.identity = { accepted: 'unknown', detail: 'unable to read client-cert' };
  kubelet.clientFiles = [];
  kubelet.bootstrap = { ...kubelet.bootstrap, accepted: 'rejected', detail: 'Unauthorized' };
  kubelet.unit = {
    ...kubelet.unit,
    startedAt: secondsAfter(observedAt, -120),
    restarts: 3,
    invocationId: 'b1',
  };
  kubelet.journal = {
    ...kubelet.journal,
    anonymousForbidden: 412,
    clientCertificateUnreadable: 4,
    csrRejected: 22,
    exitingServerResponsive: 3,
  };
  return observation;
}

/** The same incident seen again later: the kubelet has exited and restarted meanwhile, and only counters and times differ. */
export function laterLook(observation: Observation, seconds: number): Observation {
  const later = structuredClone(observation);
  later.at = secondsAfter(observation.at, seconds);
  for (const master of later.masters) {
    if (!master.kubelet.known) continue;
    const kubelet = master.kubelet.value;
    kubelet.nodeTime = later.at;
    kubelet.disk.freeBytes -= 1_000_000;
    if (master.node.known && master.node.value.ready === 'True') {
      master.node.value.leaseRenewedAt = secondsAfter(later.at, -3);
      continue;
    }
    kubelet.unit = {
      ...kubelet.unit,
      startedAt: secondsAfter(later.at, -7),
      restarts: 4,
      invocationId: 'c2',
    };
    kubelet.journal.anonymousForbidden += 97;
  }
  return later;
}

export function masterOf(observation: Observation, node: string): MasterObservation {
  const master = observation.masters.find((one) => one.name === node);
  if (!master) throw new Error(`no master ${node} in this fixture`);
  return master;
}

export function kubeletOf(observation: Observation, node: string): KubeletEvidence {
  const { kubelet } = masterOf(observation, node);
  if (!kubelet.known) throw new Error(`the kubelet of ${node} is unknown in this fixture`);
  return kubelet.value;
}

export function nodeOf(observation: Observation, node: string): NodeStatus {
  const reading = masterOf(observation, node).node;
  if (!reading.known) throw new Error(`the Node ${node} is unknown in this fixture`);
  return reading.value;
}

export function unreachableBySsh(observation: Observation, node: string): Observation {
  const master = masterOf(observation, node);
  const why = 'ssh: connect to host port 22: Connection refused';
  master.kubelet = unknown(why, `ssh ${node}: observe-kubelet.sh`);
  master.etcd = unknown(why, `ssh ${node}: etcd health`);
  master.apiServer = unknown(why, `ssh ${node}: readyz`);
  return observation;
}

/** What is left when the API does not answer: only what ssh shows. */
export function apiUnreachable(observation: Observation): Observation {
  const why = 'connect ECONNREFUSED 10.78.0.14:6443';
  observation.api = unknown(why, 'GET /version');
  observation.signer = unknown(why, 'GET leases/kube-system/kube-controller-manager');
  observation.csrs = unknown(why, 'GET certificatesigningrequests');
  observation.bootstrapSecret = unknown(why, 'GET secrets/node-bootstrapper-token');
  observation.powers = unknown(why, 'POST selfsubjectaccessreviews');
  observation.platform = {
    operators: unknown(why, 'GET operator.openshift.io'),
    clusterOperators: unknown(why, 'GET clusteroperators'),
    metal3: unknown(why, 'GET deployments/metal3'),
    remediators: unknown(why, 'GET machinehealthchecks, nodehealthchecks'),
  };
  for (const master of observation.masters) {
    master.node = unknown(why, `GET nodes/${master.name}`);
    master.mirrorPods = unknown(why, `GET pods on ${master.name}`);
    master.operatorPods = unknown(why, `GET pods on ${master.name}`);
  }
  return observation;
}

/** A request as the kubelet of `node` files it with the bootstrap credential. */
export function kubeletCsr(node: string, change: Partial<ClientCsr> = {}): ClientCsr {
  return {
    name: 'csr-7x2kq',
    uid: 'uid-csr-7x2kq',
    createdAt: secondsAfter(observedAt, -60),
    signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
    requester: bootstrapper,
    requesterGroups: [
      'system:serviceaccounts',
      'system:serviceaccounts:openshift-machine-config-operator',
      'system:authenticated',
    ],
    commonName: `system:node:${node}`,
    organizations: ['system:nodes'],
    usages: ['digital signature', 'client auth'],
    hasSubjectAlternativeNames: false,
    state: 'Pending',
    issued: false,
    ...change,
  };
}

/** What a run leaves on a node that is terminated after it has made its backup. */
export function leftRun(change: Partial<RunOnNode> = {}): RunOnNode {
  return {
    runId: '0b1c2d3e4f50',
    hasDirectory: true,
    aborted: false,
    holdsBootstrap: false,
    restarts: 0,
    quarantined: 0,
    halfWritten: [],
    ...change,
  };
}

export function silentNode(): NodeStatus {
  return {
    uid: 'uid-node',
    isMaster: true,
    ready: 'Unknown',
    readyReason: 'NodeStatusUnknown',
    readyMessage: 'Kubelet stopped posting node status.',
    leaseRenewedAt: secondsAfter(observedAt, -300),
  };
}

function healthyMaster(name: string, index: number): MasterObservation {
  const manifests = staticPods.map((pod) => manifestOf(pod));
  return {
    name,
    address: `10.78.0.${11 + index}`,
    node: known(
      {
        uid: `uid-${name}`,
        isMaster: true,
        ready: 'True',
        readyReason: 'KubeletReady',
        readyMessage: 'kubelet is posting ready status',
        leaseRenewedAt: secondsAfter(observedAt, -4),
      },
      `GET nodes/${name}`,
    ),
    mirrorPods: known(
      manifests.map((manifest) => mirrorPodOf(manifest, name)),
      `GET pods on ${name}`,
    ),
    operatorPods: known({ guards: [], unacknowledged: [] }, `GET pods on ${name}`),
    kubelet: known(healthyKubelet(name, manifests), `ssh ${name}: observe-kubelet.sh`),
    etcd: known({ healthy: true, detail: 'ok' }, `ssh ${name}: etcd health`),
    apiServer: known({ healthy: true, detail: 'ok' }, `ssh ${name}: readyz`),
  };
}

const staticPods = [
  { namespace: 'openshift-etcd', podName: 'etcd' },
  { namespace: 'openshift-kube-apiserver', podName: 'kube-apiserver' },
  { namespace: 'openshift-kube-controller-manager', podName: 'kube-controller-manager' },
  { namespace: 'openshift-kube-scheduler', podName: 'openshift-kube-scheduler' },
];

function manifestOf(pod: { namespace: string; podName: string }): StaticPodManifest {
  return {
    file: `${pod.podName}-pod.yaml`,
    sha256: 'ab'.repeat(32),
    ...pod,
    runningHash: `hash-${pod.podName}`,
  };
}

function mirrorPodOf(manifest: StaticPodManifest, node: string): MirrorPod {
  return {
    namespace: manifest.namespace,
    name: `${manifest.podName}-${node}`,
    uid: `uid-${manifest.podName}-${node}`,
    configHash: manifest.runningHash ?? '',
    phase: 'Running',
    ready: true,
    statusTime: secondsAfter(observedAt, -3_500),
    terminating: false,
  };
}
