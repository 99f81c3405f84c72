import type { EtcdObservation } from '../domain/etcd/observation.ts';
import type { EtcdPolicy } from '../domain/etcd/policy.ts';
import type { BrakeReading } from '../domain/brake.ts';
import type { ClosedRecovery } from '../domain/damping.ts';
import type { OpenWork } from '../domain/diagnosis/leftovers.ts';
import type { Finding } from '../domain/finding.ts';
import type { Reading } from '../domain/reading.ts';
import type { KubeletEvidence, Observation } from '../domain/control-plane.ts';
import type { Debt, Watched } from '../domain/kubelet/debt.ts';
import type { Means, Rung } from '../domain/kubelet/rung.ts';
import type { Policy } from '../domain/policy.ts';
import type { RecoveryRequest } from '../domain/run.ts';
import type { SignatureVerdict } from '../domain/statement.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { EtcdActivities } from './etcd-contract.ts';
import type { LadderActivities } from './kubelet-contract.ts';
import type { LeaseActivities } from './lease-contract.ts';

/**
 * What workflows may ask of the world. Observe and act run on the queue `cluster/<name>`, next to that cluster's
 * credentials; decide and the run history run on `runbooks`. Every observe and act heartbeats at least every two seconds:
 * one that is silent for five is taken for dead, and begun again elsewhere.
 *
 * Errors are ApplicationFailures whose `type` is one of `activityErrorTypes`; those marked there are not retried.
 */
export interface ObserveActivities {
  /** One bounded, read-only look at the whole control plane. Never throws for what it could not read: that is `unknown`. */
  observeControlPlane(input: { cluster: string }): Promise<Observation>;
  /** Only the node's own side, over ssh. */
  observeKubelet(input: NodeRef): Promise<KubeletEvidence>;
  /**
   * The policy of this cluster and the hashes of the node scripts that this worker would run, so that a plan can name
   * them and the history keeps them.
   */
  readPolicy(input: {
    cluster: string;
  }): Promise<{ policy: Policy; etcd: EtcdPolicy; scripts: Record<string, string> }>;
  /** Polls until the proof of recovery holds for `soakMs`, heartbeating; throws `NotYetHealthy` or `IdentityMissing` when `timeoutMs` ran out. */
  verifyKubeletRecovery(input: VerifyInput): Promise<VerifyResult>;
  /**
   * The same for what the platform's operators make of the node: polls until they have been settled for `soakMs`; throws
   * `NotYetHealthy` with what is wanting when `timeoutMs` ran out.
   */
  verifyPlatform(input: NodeRef & { soakMs: number; timeoutMs: number }): Promise<{ proofs: string[] }>;
}

export interface NodeRef {
  cluster: string;
  node: string;
}

/** A node, and the run on whose behalf it is touched: names the backup directory, so it must be safe in a path. */
export interface RunRef extends NodeRef {
  runId: string;
  /**
   * SHA-256 by node script, as they were approved (`plan.pins.scripts`): an act whose worker has another text of a script
   * that it needs throws `PreconditionFailed` and changes nothing. Absent: not checked. A look does not check it.
   */
  scripts?: Record<string, string>;
}

export interface VerifyInput extends RunRef {
  /** The server that the plan was pinned to: the kubelet's own kubeconfig must name it again. */
  server: string;
  /** Mirror pods must carry a status newer than this (ISO 8601, the kubelet's start). */
  since: string;
  soakMs: number;
  timeoutMs: number;
  /**
   * `recovered`: identity, lease, Ready, mirror pods. `graduated`: that, and nothing of ours left behind. `serving`: as
   * `recovered`, though with an identity that is not its own yet.
   */
  stage: Stage;
  /** No durable bootstrap file can be made now; it is not judged. */
  bootstrapOwed?: true;
}

export type Stage = 'recovered' | 'graduated' | 'serving';

export interface VerifyResult {
  /** Every proof that held, one sentence each. */
  proofs: string[];
  evidence: KubeletEvidence;
}

export interface DecideActivities {
  /**
   * `open`: what goes on now, as `recoveryHistory` says: what is of that is not left behind. `etcd`: absent where no second
   * look was made.
   */
  diagnoseObservation(input: {
    observation: Observation;
    open: Reading<OpenWork>;
    etcd?: EtcdObservation;
  }): Promise<Finding[]>;
  decideKubeletAuthRecovery(input: DecideInput): Promise<Verdict>;
  /** `open`: ids of the recoveries that go on now, the one that asks or not. `leaseWatched`: as `recoveryHistory` says. */
  decideCleanup(
    input: DecideInput & { open: string[]; leaseWatched: boolean; about?: 'node' | 'pauses' },
  ): Promise<Verdict>;
  /** What is still owed on a node after a recovery. `first`: its own certificate when that was first seen. */
  judgeDebt(input: { observation: Observation; node: string; first?: Watched }): Promise<Debt>;
  /** Why the node's kubelet must not be restarted just now, for the sake of the other masters; absent: it may. */
  objectToRestart(input: {
    observation: Observation;
    node: string;
    rung?: Rung;
    /** Asked before cluster-admin is lent, and not before a restart. */
    lending?: true;
  }): Promise<{ because?: string }>;
}

export interface DecideInput {
  observation: Observation;
  request: RecoveryRequest;
  policy: Policy;
  runId: string;
  scripts: Record<string, string>;
  /** Run of this recovery has begun acting: the approved plan is judged, not begun. ISO 8601. */
  now: string;
}

/**
 * What Temporal itself remembers of a cluster: its recoveries, so that one turned down at 1 a.m. is not proposed again at
 * 1:05; and whether its brake is on.
 */
export interface RunHistoryActivities {
  /** `watchdog`: id of the workflow that watches over the cluster's lease. */
  recoveryHistory(input: { workflowId: string; watchdog: string }): Promise<RecoveryHistory>;
  /** Waits, heartbeating, until that run is over, or until `forMs` are. What Temporal does not answer is not an end. */
  awaitRunOver(input: { workflow: string; run: string; forMs: number }): Promise<{ over: boolean }>;
  /** Never throws for what it could not read: that is `unknown`, and a run holds. */
  readBrake(input: { workflowId: string }): Promise<BrakeReading>;
  /** Waits, heartbeating, until the brake reads otherwise than `unlike`, but no longer than `forMs`; the newest reading. */
  awaitBrake(input: { workflowId: string; unlike: BrakeReading; forMs: number }): Promise<BrakeReading>;
}

export interface RecoveryHistory {
  /** The one that is open now. `runId` names it on the nodes. */
  open?: { runbook: string; runId: string; startedAt: string };
  /** Those that are over, newest first, ten at most. Each digest is that of its plan as if `proposalRunId` had made it. */
  closed: ClosedRecovery[];
  leaseWatched: boolean;
}

/** Who said it? Runs on the cluster's queue: the allowed-signers file lies next to the cluster's credentials. */
export interface ApproveActivities {
  /**
   * Is this a signature, by a key that the cluster's allowed-signers file gives to `statement.by`, over exactly these
   * fields? Never throws for what it finds, also not for a file that is missing or unreadable: then nothing is valid.
   */
  verifyStatement(input: VerifyStatementInput): Promise<SignatureVerdict>;
}

export interface VerifyStatementInput {
  cluster: string;
  /** All fields of the statement but the signature. */
  statement: Record<string, string>;
  signature: string;
}

/** How a run ended, in the word that it leaves on the node. */
export type Conclusion = 'healed' | 'left owing' | 'put back' | 'cleaned up';

/** Every act says whether it changed something or found it so. */
export interface ActResult {
  changed: boolean;
  sentence: string;
}

export interface ActActivities {
  /** Copies the kubelet's credentials to `/var/lib/kubelet-recovery/<runId>/` with a manifest of hashes; never overwrites. */
  backUpKubelet(input: RunRef): Promise<ActResult & { directory: string; manifestSha256: string }>;
  /**
   * Mints a token of node-bootstrapper (1 h) and writes a bootstrap file with it to the node. Server and CA come from the
   * node's own kubeconfig and are proved against the API first. The token never leaves this activity but for the node.
   */
  installBootstrapCredential(
    /** `expectedBootstrapSha256`: hash of the file that is to be replaced, or `missing`. */
    input: RunRef & { expectedBootstrapSha256: string; server: string; caSha256: string; source?: string },
  ): Promise<ActResult & { sha256: string; expiresAt: string }>;
  /** UIDs of all client CSRs in this node's name that exist now: none of them is the one that our restart will bring. */
  recordCsrs(input: NodeRef): Promise<{ uids: string[]; at: string }>;
  /**
   * Quarantines an unusable client certificate and restarts the kubelet, once per `attempt`. `unusable`: hash of one that can
   * be read and must not be started with. `means` is proved on the node directly before: `PreconditionFailed` where the API
   * server does not take it. Absent: it is to start with something else, which was proved when it was put in place.
   */
  restartKubelet(
    input: RunRef & { attempt: number; unusable?: string; means?: Means },
  ): Promise<ActResult & { startedAt: string }>;
  /**
   * Waits for exactly one new CSR that matches the predicate, approves it, and waits until it is issued. A node that has a
   * valid certificate of its own is "already so", with an empty name and uid.
   */
  approveKubeletCsr(input: ApproveCsrInput): Promise<ActResult & { name: string; uid: string }>;
  /**
   * Writes the durable bootstrap file made from the secret node-bootstrapper-token; proves that it works. Replaces what this
   * run has installed, or the file of `expectedBootstrapSha256`. `source`: where server and CA are read on the node, if not in
   * the kubelet's own kubeconfig.
   */
  installDurableBootstrap(
    input: RunRef & { server: string; caSha256: string; source?: string; expectedBootstrapSha256?: string },
  ): Promise<ActResult & { sha256: string }>;
  /** Puts the backed-up bootstrap file back, and says on the node that the run has ended so; only before the restart. */
  restoreKubeletBackup(input: RunRef): Promise<ActResult>;
  /**
   * Says on the node that the run `runId` is over, and sweeps up what its scripts left half-written. Its backup stays.
   * `PreconditionFailed` while its temporary credential is still in place.
   */
  concludeRun(input: RunRef & { how: Conclusion }): Promise<ActResult>;
}

/** What a vote approves: a predicate, because the request it is for does not exist yet. */
export interface ApproveCsrInput extends NodeRef {
  /** UIDs that existed before the restart. */
  before: string[];
  requester: string;
  commonName: string;
  organizations: string[];
  usages: string[];
}

export type Activities = ObserveActivities &
  LeaseActivities &
  DecideActivities &
  EtcdActivities &
  ApproveActivities &
  ActActivities &
  LadderActivities &
  RunHistoryActivities;

/** `ApplicationFailure.type` of every expected failure, and whether trying again by itself makes sense. */
export const activityErrorTypes = {
  /** ssh answered 255 or the connection was refused: the node cannot be reached; nothing is known about the script. */
  NodeUnreachable: { retryable: true },
  /** The script ended without its marker line: its outcome is unknown, the next attempt probes first. */
  OutcomeUnknown: { retryable: true },
  /** The script ran and says it cannot: full disk, read-only file system, precondition not met. */
  NodeScriptFailed: { retryable: false },
  /** A precondition proved just before the act no longer holds (hash, resourceVersion, server). */
  PreconditionFailed: { retryable: false },
  ApiUnreachable: { retryable: true },
  ApiForbidden: { retryable: false },
  /** No matching request yet. */
  CsrNotYetThere: { retryable: true },
  TwoMatchingCsrs: { retryable: false },
  CsrDenied: { retryable: false },
  CsrNotIssued: { retryable: true },
  /** As `NotYetHealthy`, and the reason is that the kubelet has no valid certificate of its own: waiting brings none. */
  IdentityMissing: { retryable: false },
  NotYetHealthy: { retryable: false },
  /** The cluster's brake was put on before the act began: nothing was done, and the run holds. */
  BrakeOn: { retryable: false },
  /** Somebody else's word stands where a lease would be set, or was put over it: nothing is overwritten. */
  LeaseForeign: { retryable: false },
  /** The lease's time is over or its watchdog is: nothing would put it back, so it is not set. */
  LeaseOver: { retryable: false },
  /** An earlier lease of this cluster has not been put back yet. */
  LeaseOpen: { retryable: false },
  /** The survivors do not agree on what became of a member: read again, never done again blindly. */
  MembershipUnclear: { retryable: true },
  /** The member is not listed any more, so that its data must not come back. */
  MemberRemoved: { retryable: false },
  /** All that is missing comes of a Machine whose status keeps an old address. */
  MachineNotFollowing: { retryable: false },
  SnapshotNotVerified: { retryable: false },
  UnknownCluster: { retryable: false },
  UnknownNode: { retryable: false },
} as const;

export type ActivityErrorType = keyof typeof activityErrorTypes;
