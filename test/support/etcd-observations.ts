import type {
  CertificateFacts,
  EtcdHost,
  EtcdMaster,
  EtcdMember,
  EtcdObservation,
  MemberView,
} from '../../domain/etcd/observation.ts';
import { certificateSecrets, envSafe } from '../../domain/etcd/names.ts';
import type { EtcdOperator, OperatorCondition } from '../../domain/etcd/platform.ts';
import { known, type Reading } from '../../domain/reading.ts';

/**
 * Three healthy masters and a settled operator of release 4.23, as one look sees them. A test's fixture is this, minus one
 * thing. Every call gives a fresh object.
 */
export const lookedAt = '2026-11-22T12:10:00.000Z';
const clusterId = 'cdf818194e3a8c32';
/** As long as ids get, and equal in the digits that a JavaScript number keeps. */
const ids = [
  '8e9e05c52164694d',
  '8e9e05c52164694e',
  '8e9e05c52164694f',
  '91bc3c398fb3c146',
  'fd422379fda50e48',
];

export function healthyCluster(names: string[] = ['master-0', 'master-1', 'master-2']): EtcdObservation {
  const addresses = names.map((_, index) => `10.78.0.${11 + index}`);
  const members = names.map((name, index) => memberOf(name, ids[index] ?? '', addresses[index] ?? ''));
  return {
    cluster: 'lab',
    at: lookedAt,
    api: known({ server: 'https://10.78.0.14:6443', version: 'v1.34.4' }, 'GET /version'),
    masters: names.map((name, index) =>
      healthyMaster(name, addresses[index] ?? '', { names, addresses, members }),
    ),
    operator: known(settledOperator(names), 'GET etcds/cluster'),
    version: known(
      { version: '4.23.0', state: 'Completed', since: '2026-11-01T00:00:00Z', progressing: false },
      'GET clusterversions/version',
    ),
    pools: known(
      [{ name: 'master', updating: false, since: '2026-11-01T00:00:00Z' }],
      'GET machineconfigpools',
    ),
    topology: known({ controlPlane: 'HighlyAvailable' }, 'GET infrastructures/cluster'),
    remediators: known(
      [
        {
          kind: 'MachineHealthCheck',
          namespace: 'openshift-machine-api',
          name: 'masters',
          coversMasters: true,
          paused: false,
        },
      ],
      'GET machinehealthchecks',
    ),
    copies: known({ recipient: 'age1lab', freeBytes: 50_000_000_000 }, 'the worker'),
    cost: { apiCalls: 20, bytes: 90_000, milliseconds: 2_100 },
  };
}

interface Whole {
  names: string[];
  addresses: string[];
  members: EtcdMember[];
}

export function memberOf(name: string, id: string, address: string): EtcdMember {
  return {
    id,
    name,
    peerUrls: [`https://${address}:2380`],
    clientUrls: [`https://${address}:2379`],
    learner: false,
  };
}

function healthyMaster(name: string, address: string, whole: Whole): EtcdMaster {
  const index = whole.names.indexOf(name);
  return {
    name,
    node: known(
      { uid: `uid-${name}`, ready: 'True', readyReason: 'KubeletReady', internalIps: [address] },
      `GET nodes/${name}`,
    ),
    machine: known(
      {
        state: 'present',
        name: `lab-${name}`,
        phase: 'Running',
        addresses: [address],
        deleting: false,
        quorumHook: true,
      },
      `GET machines of ${name}`,
    ),
    pod: known(
      {
        state: 'present',
        uid: `uid-pod-${name}`,
        revision: 2,
        env: environment(whole),
        podIps: [address],
        containers: [
          {
            name: 'etcd-ensure-env-vars',
            ready: true,
            state: 'terminated',
            reason: 'Completed',
            restarts: 0,
          },
          { name: 'etcd', ready: true, state: 'running', reason: '', restarts: 0 },
        ],
        terminating: false,
      },
      `GET pods/etcd-${name}`,
    ),
    kubelet: known(
      { authenticates: true, detail: 'lease renewed 4 s ago' },
      `ssh ${name}: observe-kubelet.sh`,
    ),
    host: known(healthyHost(), `ssh ${name}: observe-etcd.sh`),
    view: healthyView(name, index, whole.members),
    certificates: known(
      { secrets: certificatesFor(name, [address]), inAllCerts: certificatesFor(name, [address]) },
      'GET secrets in openshift-etcd',
    ),
    room: known({ freeBytes: 20_000_000_000 }, `ssh ${name}: df`),
  };
}

function environment({ names, addresses }: Whole): Record<string, string> {
  return Object.fromEntries([
    ['ALL_ETCD_ENDPOINTS', addresses.map((address) => `https://${address}:2379`).join(',')],
    ...names.flatMap((name, index) => [
      [`NODE_${envSafe(name)}_IP`, addresses[index] ?? ''],
      [`NODE_${envSafe(name)}_ETCD_URL_HOST`, addresses[index] ?? ''],
    ]),
  ]);
}

function healthyHost(): EtcdHost {
  return {
    data: { state: 'present', faults: [], freeBytes: 20_000_000_000, writable: true, ownMount: false },
    manifest: { state: 'present', sha256: 'ab'.repeat(32) },
    certificates: { state: 'usable', detail: '' },
    log: {
      dataDestroyed: 0,
      dataCorrupt: 0,
      addressRefused: 0,
      certificateUnusable: 0,
      certificateRejected: 0,
      removed: 0,
      diskFull: 0,
    },
  };
}

function healthyView(name: string, index: number, members: EtcdMember[]): MemberView {
  const source = `etcdctl on ${name}`;
  return {
    self: known({ clusterId, memberId: members[index]?.id ?? '' }, source),
    members: known(structuredClone(members), source),
    status: known(
      {
        version: '3.5.26',
        leader: members[0]?.id ?? '',
        raftTerm: 7,
        raftIndex: 90_120 + index,
        raftAppliedIndex: 90_120 + index,
        revision: 80_044,
        dbSizeBytes: 110_000_000,
        dbInUseBytes: 60_000_000,
        learner: false,
        errors: [],
      },
      source,
    ),
    read: known({ healthy: true, detail: 'took 2 ms' }, source),
    reach: known(
      members.map(({ id }) => ({ memberId: id, healthy: true, detail: 'took 3 ms' })),
      source,
    ),
    alarms: known([], source),
  };
}

export function certificatesFor(node: string, addresses: string[]): CertificateFacts[] {
  return certificateSecrets(node).map((name) => ({
    name,
    state: 'present',
    addresses: [...addresses, '127.0.0.1', '::1'],
    notBefore: '2026-11-01T00:00:00Z',
    notAfter: '2031-11-01T00:00:00Z',
  }));
}

function settledOperator(names: string[]): EtcdOperator {
  return {
    resourceVersion: '891',
    managementState: 'Managed',
    lease: { state: 'free' },
    forceRedeploymentReason: '',
    latestAvailableRevision: 2,
    nodeStatuses: names.map((nodeName) => ({
      nodeName,
      currentRevision: 2,
      targetRevision: 0,
      lastFailedRevision: 0,
    })),
    conditions: [
      condition('RevisionControllerDegraded', 'False', 'AsExpected', ''),
      condition('EtcdEndpointsDegraded', 'False', 'EtcdEndpointsUpdated', ''),
      condition('NodeInstallerProgressing', 'False', 'AllNodesAtLatestRevision', '3 nodes are at revision 2'),
      condition('EtcdMembersDegraded', 'False', 'AsExpected', 'No unhealthy members found'),
    ],
  };
}

export function condition(
  type: string,
  status: OperatorCondition['status'],
  reason: string,
  message: string,
): OperatorCondition {
  return { type, status, reason, message, since: '2026-11-22T12:00:00Z' };
}

/** The value of a reading in a fixture. A test that relies on one that is not known is wrong. */
export function inside<T>(reading: Reading<T>): T {
  if (!reading.known) throw new Error(`unknown in this fixture: ${reading.source}`);
  return reading.value;
}

export function etcdMaster(observation: EtcdObservation, name: string): EtcdMaster {
  const master = observation.masters.find((one) => one.name === name);
  if (!master) throw new Error(`no master ${name} in this fixture`);
  return master;
}

export function podOf(observation: EtcdObservation, name: string) {
  const pod = inside(etcdMaster(observation, name).pod);
  if (pod.state === 'absent') throw new Error(`no pod on ${name} in this fixture`);
  return pod;
}

export function replaceCondition(operator: EtcdOperator, changed: OperatorCondition): void {
  operator.conditions = [...operator.conditions.filter(({ type }) => type !== changed.type), changed];
}
