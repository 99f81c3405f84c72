import type { Plan } from './plan.ts';

/** A decision about one observation. Never a boolean, never a throw: refusing is a result with its evidence. */
export type Verdict = Proceed | Wait | Refuse;

export interface Proceed {
  kind: 'proceed';
  plan: Plan;
  /** SHA-256 over the plan's canonical JSON (RFC 8785), hexadecimal. */
  digest: string;
  because: string;
  evidence: Evidence[];
}

export interface Wait {
  kind: 'wait';
  reason: WaitReason;
  /** What is awaited, for a human. */
  because: string;
  evidence: Evidence[];
}

export interface Refuse {
  kind: 'refuse';
  reason: RefusalReason;
  because: string;
  evidence: Evidence[];
  /** What a person should do instead. */
  handOver: string;
}

/** One fact that the decision rests on, in one line. */
export interface Evidence {
  fact: string;
  source: string;
}

export type WaitReason =
  | 'CsrBeingIssued'
  | 'NodeLocked'
  | 'SeenOnlyOnce'
  | 'UpgradeInProgress'
  | 'MachineConfigRollOut'
  | 'RollOutInProgress'
  | 'MachineLags'
  | 'OperatorGrace'
  | 'OperatorHealing';

/** Those that only Cleanup knows. */
export const cleanupRefusals = [
  'NothingLeft',
  'LeaseForeign',
  'RecoveryNeededFirst',
  'RunStillOpen',
  'SeveralNodesWithLeftovers',
] as const;

/** Those that only EtcdRecovery knows. */
export const etcdRefusals = [
  'EtcdHealthy',
  'QuorumLost',
  'TwoMembersBad',
  'TwoCandidates',
  'SurvivorsDisagree',
  'NoMemberMatches',
  'UnexpectedMemberCount',
  'LearnerInTheWay',
  'EtcdOutOfSpace',
  'EtcdDataCorrupt',
  'LeaderUnclear',
  'SurvivorLagging',
  'OperatorUnmanaged',
  'ForeignOverride',
  'TopologyNotSupported',
  'UnsupportedRelease',
  'UpgradeInProgress',
  'MachineConfigRollOut',
  'RollOutInProgress',
  'NodeNotReady',
  'KubeletNotAuthenticated',
  'MemberTransientlyBad',
  'FaultNotExplained',
  'NotAnEtcdFault',
  'MachineNeverFollowed',
  'MachineUnfit',
  'NoRoomForSnapshot',
  'SnapshotRecipientMissing',
  'SnapshotNotVerified',
] as const;

export type EtcdOnlyRefusal = (typeof etcdRefusals)[number];

/** Every reason for which a recovery is refused; each has its line in docs/refusals.md. */
export const refusalReasons = [
  'NodeHealthy',
  'NotAMaster',
  'UnknownNode',
  'NodeUnreachable',
  'KubeletStopped',
  'NotAnAuthenticationFault',
  'OtherMasterUnhealthy',
  'OtherMasterUnknown',
  'ApiUnreachable',
  'SignerDown',
  'TwoMatchingCsrs',
  'PowersMissing',
  'ClassNotSupported',
  'BootstrapSecretMissing',
  'EndpointMismatch',
  'ManifestChanged',
  'NoRoomForBackup',
  'ApprovalsNotConfigured',
  'EvidenceIncomplete',
  ...cleanupRefusals,
  ...etcdRefusals,
] as const;

export type RefusalReason = (typeof refusalReasons)[number];

/** Those of the other runbooks: EtcdRecovery hands over in its own words. */
export type KubeletRefusal = Exclude<RefusalReason, EtcdOnlyRefusal>;
