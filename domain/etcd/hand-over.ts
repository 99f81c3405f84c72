import type { EtcdOnlyRefusal, RefusalReason } from '../verdict.ts';

/** The reasons of EtcdRecovery: its own, and those that it shares. */
export type EtcdRefusal =
  | EtcdOnlyRefusal
  | Extract<RefusalReason, 'EvidenceIncomplete' | 'ApiUnreachable' | 'UnknownNode' | 'OtherMasterUnhealthy'>;

/** Every reason of EtcdRecovery, and what a person should do instead; the page has the details. */
export const handOvers: Record<EtcdRefusal, string> = {
  EvidenceIncomplete: 'Make what could not be read readable, then start again: unknown means no.',
  ApiUnreachable: 'Bring the API back, or the way to it through a healthy master, first.',
  UnknownNode: 'Name one of the masters above, as the Node object spells it, or add it to clusters.yaml.',
  EtcdHealthy: 'Nothing to do here; if something is wrong all the same, `cpr diagnose` says what.',
  QuorumLost:
    'Do not remove or restart anything. Bring a second member back, else follow the procedure for a lost quorum (quorum-restore.sh from 4.18, else a restore from a backup).',
  TwoMembersBad:
    'Bring one of them back by other means first: this recovery replaces one member of an otherwise healthy cluster.',
  TwoCandidates:
    'Find out by hand which master is the broken one, and make the others agree, before anything is removed.',
  SurvivorsDisagree:
    'Wait until a membership change in progress is over; if they go on disagreeing, suspect a partition and look at the network between the masters.',
  NoMemberMatches:
    'Compare `etcdctl member list` with the addresses of the nodes by hand: which member belonged to which node is not to be seen.',
  UnexpectedMemberCount:
    'Find out where the members come from that there should not be, or where those are that there should.',
  LearnerInTheWay: 'Wait for the operator to promote it, or find out who added it and why it does not start.',
  EtcdOutOfSpace: 'Free space first: compact, defragment one member at a time, disarm the alarm.',
  EtcdDataCorrupt:
    'Find out which member’s data is the wrong one before any is removed: see etcd’s page on data corruption.',
  LeaderUnclear: 'Look at the network and the disks of the survivors: they do not agree on one leader.',
  SurvivorLagging: 'Wait until it has caught up; if it does not, its disk or its network is too slow.',
  OperatorUnmanaged:
    'Set `managementState: Managed` on etcds/cluster, or find out why somebody took the operator off.',
  ForeignOverride:
    'Find out who set it and why, and have it removed: a recovery never works under somebody else’s override.',
  TopologyNotSupported: 'Follow the platform’s own procedure for this topology.',
  UnsupportedRelease:
    'Follow the operating procedure by hand: what this release’s operator does is not known well enough.',
  UpgradeInProgress: 'Let the upgrade end or stop, then start again.',
  MachineConfigRollOut: 'Let the MachineConfigPool end its roll-out, then start again.',
  RollOutInProgress:
    'Find out what holds the operator’s roll-out up (`oc get pods -n openshift-etcd -l app=installer`), then start again.',
  NodeNotReady: 'Mend the node first; if its kubelet cannot authenticate, KubeletAuthRecovery does.',
  KubeletNotAuthenticated:
    'Run KubeletAuthRecovery for this node first: its kubelet could neither stop nor replace the static pod.',
  OtherMasterUnhealthy: 'Mend the other master first: touching this one now would risk the control plane.',
  MemberTransientlyBad: 'Wait: it may come back by itself. `cpr diagnose` says how it is.',
  FaultNotExplained:
    'Read the logs of etcd on the node: removing a member whose fault is not understood may repeat it.',
  NotAnEtcdFault: 'Mend the node’s disk first: a new member would fail on it alike.',
  MachineNeverFollowed:
    'Make the Machine’s status name the node’s address (machine-controller, provider): until then the operator refuses the new member without a word.',
  MachineUnfit:
    'Give the Machine its preDrain hook EtcdQuorumOperator back, or end its deletion: the operator adds no member there.',
  NoRoomForSnapshot:
    'Free space for a snapshot on a healthy master, and for its copy here, then start again.',
  SnapshotRecipientMissing:
    'Name the public key for the encrypted copy in clusters.yaml: a snapshot holds every Secret of the cluster.',
  SnapshotNotVerified: 'Find out why the snapshot does not verify; without a good one nothing is removed.',
};
