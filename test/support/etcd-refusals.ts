import type { EtcdObservation } from '../../domain/etcd/observation.ts';
import type { EtcdDecision } from '../../domain/etcd/verdict.ts';
import { known, unknown } from '../../domain/reading.ts';
import type { RefusalReason } from '../../domain/verdict.ts';
import { memberDown } from './etcd-faults.ts';
import { etcdMaster, inside, lookedAt, memberOf, podOf } from './etcd-observations.ts';
import { secondsAfter } from './observations.ts';

type Change = (observation: EtcdObservation) => unknown;

/** Each is the address change on master-2 and one thing more. */
export const refusedChanges: [string, RefusalReason, Change, Partial<EtcdDecision>?][] = [
  ['the API answers through nobody', 'ApiUnreachable', (seen) => (seen.api = unknown('ECONNREFUSED', ''))],
  ['the look is eleven minutes old', 'EvidenceIncomplete', () => {}, { now: secondsAfter(lookedAt, 660) }],
  ['the look comes from the future', 'EvidenceIncomplete', () => {}, { now: secondsAfter(lookedAt, -660) }],
  ['only two masters are known', 'EvidenceIncomplete', (seen) => seen.masters.shift()],
  [
    'the named node is not in the inventory',
    'UnknownNode',
    () => {},
    { request: { cluster: 'lab', node: 'master-9', requester: 'anna', origin: 'cli' } },
  ],
  [
    'the named node is another one, which is healthy',
    'EtcdHealthy',
    () => {},
    { request: { cluster: 'lab', node: 'master-0', requester: 'anna', origin: 'cli' } },
  ],
  ['a survivor goes down too', 'QuorumLost', (seen) => memberDown(seen, 'master-1')],
  [
    'no member answers at all',
    'QuorumLost',
    (seen) => {
      memberDown(seen, 'master-0');
      memberDown(seen, 'master-1');
    },
  ],
  [
    'the API and two members are down',
    'QuorumLost',
    (seen) => {
      memberDown(seen, 'master-1');
      seen.api = unknown('ECONNREFUSED', '');
      seen.operator = unknown('ECONNREFUSED', '');
    },
  ],
  [
    'the survivors list different members',
    'SurvivorsDisagree',
    (seen) => inside(etcdMaster(seen, 'master-1').view.members).pop(),
  ],
  [
    'a survivor is of another cluster',
    'SurvivorsDisagree',
    (seen) => (inside(etcdMaster(seen, 'master-1').view.self).clusterId = 'deadbeef'),
  ],
  [
    'one survivor still reaches the member',
    'SurvivorsDisagree',
    (seen) => inside(etcdMaster(seen, 'master-1').view.reach).forEach((one) => (one.healthy = true)),
  ],
  [
    'another master’s pod contradicts its Node',
    'TwoCandidates',
    (seen) => (podOf(seen, 'master-1').env['NODE_master_1_IP'] = '10.78.0.99'),
  ],
  [
    'two members are at one master’s address',
    'TwoCandidates',
    (seen) => listed(seen, memberOf('twin', 'abcdef', '10.78.0.11')),
  ],
  [
    'no pod knows the member’s address as the master’s',
    'NoMemberMatches',
    (seen) => {
      for (const { name } of seen.masters) {
        podOf(seen, name).env['NODE_master_2_IP'] = '10.78.0.23';
        podOf(seen, name).env['NODE_master_2_ETCD_URL_HOST'] = '10.78.0.23';
      }
    },
  ],
  [
    'its old address was another master’s too',
    'NoMemberMatches',
    (seen) => (podOf(seen, 'master-0').env['NODE_master_1_IP'] = '10.78.0.13'),
  ],
  [
    'a learner is being added elsewhere',
    'LearnerInTheWay',
    (seen) => listed(seen, { ...memberOf('', 'abcdef', '10.78.0.23'), learner: true }),
  ],
  ['NOSPACE is raised', 'EtcdOutOfSpace', (seen) => alarm(seen, 'NOSPACE')],
  ['CORRUPT is raised', 'EtcdDataCorrupt', (seen) => alarm(seen, 'CORRUPT')],
  ['an alarm that nobody knows is raised', 'EvidenceIncomplete', (seen) => alarm(seen, 'OTHER')],
  [
    'the database is nearly full',
    'EtcdOutOfSpace',
    (seen) => (inside(etcdMaster(seen, 'master-0').view.status).dbQuotaBytes = 120_000_000),
  ],
  [
    'the survivors have no leader',
    'LeaderUnclear',
    (seen) => [0, 1].forEach((index) => (inside(seen.masters[index]!.view.status).leader = '0')),
  ],
  [
    'the survivors are in different terms',
    'LeaderUnclear',
    (seen) => (inside(etcdMaster(seen, 'master-1').view.status).raftTerm = 8),
  ],
  [
    'the dead member is still called leader',
    'LeaderUnclear',
    (seen) =>
      [0, 1].forEach((index) => (inside(seen.masters[index]!.view.status).leader = '8e9e05c52164694f')),
  ],
  [
    'a survivor lags',
    'SurvivorLagging',
    (seen) => (inside(etcdMaster(seen, 'master-1').view.status).raftAppliedIndex -= 2_000),
  ],
  [
    'a survivor reports an error',
    'SurvivorLagging',
    (seen) => inside(etcdMaster(seen, 'master-1').view.status).errors.push('something'),
  ],
  [
    'a survivor’s Node is not Ready',
    'OtherMasterUnhealthy',
    (seen) => (inside(etcdMaster(seen, 'master-0').node).ready = 'Unknown'),
  ],
  [
    'the operator is unmanaged',
    'OperatorUnmanaged',
    (seen) => (inside(seen.operator).managementState = 'Unmanaged'),
  ],
  [
    'somebody else has set the override',
    'ForeignOverride',
    (seen) => (inside(seen.operator).lease = { state: 'foreign', evidence: ['it is true'] }),
  ],
  ['another run holds the override', 'ForeignOverride', (seen) => lease(seen, 'another-run')],
  [
    'it is a single node',
    'TopologyNotSupported',
    (seen) => (inside(seen.topology).controlPlane = 'SingleReplica'),
  ],
  ['the release is 4.17', 'UnsupportedRelease', (seen) => (inside(seen.version).version = '4.17.3')],
  ['the release is not known yet', 'UnsupportedRelease', (seen) => (inside(seen.version).version = '5.1.0')],
  [
    'the operator behaves otherwise than its release',
    'UnsupportedRelease',
    (seen) => (inside(seen.version).version = '4.16.21'),
  ],
  ['an upgrade does not end', 'UpgradeInProgress', (seen) => (inside(seen.version).state = 'Partial')],
  [
    'a machine configuration is rolled out without end',
    'MachineConfigRollOut',
    (seen) => (inside(seen.pools)[0]!.updating = true),
  ],
  [
    'a roll-out at another master does not end',
    'RollOutInProgress',
    (seen) =>
      Object.assign(inside(seen.operator).nodeStatuses[0]!, { currentRevision: 1, targetRevision: 2 }),
  ],
  [
    'its Node is not Ready',
    'NodeNotReady',
    (seen) => (inside(etcdMaster(seen, 'master-2').node).ready = 'Unknown'),
  ],
  [
    'its kubelet does not authenticate',
    'KubeletNotAuthenticated',
    (seen) => (inside(etcdMaster(seen, 'master-2').kubelet).authenticates = false),
  ],
  [
    'nobody knows whether its kubelet authenticates',
    'EvidenceIncomplete',
    (seen) => (etcdMaster(seen, 'master-2').kubelet = unknown('ssh: refused', '')),
  ],
  [
    'the Machine never follows',
    'MachineNeverFollowed',
    (seen) => machine(seen, { addresses: ['10.78.0.13'] }),
  ],
  ['the Machine is being deleted', 'MachineUnfit', (seen) => machine(seen, { deleting: true })],
  ['the Machine has lost its hook', 'MachineUnfit', (seen) => machine(seen, { quorumHook: false })],
  [
    'it alone has no Machine',
    'MachineUnfit',
    (seen) => (etcdMaster(seen, 'master-2').machine = known({ state: 'none' }, '')),
  ],
  [
    'no survivor has room',
    'NoRoomForSnapshot',
    (seen) => seen.masters.forEach(({ room }) => (inside(room).freeBytes = 100_000_000)),
  ],
  [
    'there is no room for the copy',
    'NoRoomForSnapshot',
    (seen) => (inside(seen.copies).freeBytes = 100_000_000),
  ],
  [
    'no key for the copy is named',
    'SnapshotRecipientMissing',
    (seen) => (inside(seen.copies).recipient = ''),
  ],
  ['the run id would not be safe in a path', 'EvidenceIncomplete', () => {}, { runId: '../etc' }],
];

export function listed(observation: EtcdObservation, member: ReturnType<typeof memberOf>): void {
  for (const { view } of observation.masters) {
    if (view.members.known) view.members.value.push(structuredClone(member));
    if (view.reach.known) view.reach.value.push({ memberId: member.id, healthy: true, detail: '' });
  }
}

function alarm(observation: EtcdObservation, type: 'NOSPACE' | 'CORRUPT' | 'OTHER'): void {
  for (const name of ['master-0', 'master-1'])
    inside(etcdMaster(observation, name).view.alarms).push({ memberId: '8e9e05c52164694d', type });
}

function machine(observation: EtcdObservation, change: object): void {
  Object.assign(inside(etcdMaster(observation, 'master-2').machine), change);
}

/** The operator's override is lent to this run. */
export function lease(observation: EtcdObservation, run: string): void {
  const owner = { workflow: 'recovery/lab', run };
  const held = {
    state: 'held' as const,
    lease: {
      target: 'etcd-unsafe-override' as const,
      id: 'l1',
      owner,
      deadline: secondsAfter(lookedAt, 60),
    },
    back: 'the key goes',
  };
  inside(observation.operator).lease = held;
}
