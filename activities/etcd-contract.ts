import type { Touches } from '../domain/etcd/before-change.ts';
import type { EtcdDecision } from '../domain/etcd/verdict.ts';
import type { EtcdObservation } from '../domain/etcd/observation.ts';
import type { EtcdPins } from '../domain/etcd/pins.ts';
import type { EtcdPlan } from '../domain/etcd/plan.ts';
import type { Sighting } from '../domain/etcd/sighting.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { ActResult } from './contract.ts';
import type { RemediatorActivities } from './remediator-contract.ts';

/**
 * What EtcdRecovery asks of the world, beside what all runbooks do. Observe and act run on `cluster/<name>` and heartbeat
 * like the others; whatever has to be known of a member is asked on a master, over the node lane, by scripts of
 * `node-scripts/`.
 */
export interface EtcdObserveActivities {
  /**
   * One bounded, read-only look at etcd, its operator and the masters. Never throws for what it could not read: that is
   * `unknown`. `before`: what the last look made of it, so that "seen twice" can be told.
   */
  observeEtcd(input: { cluster: string; before?: Sighting }): Promise<EtcdObservation>;
  /**
   * Polls, heartbeating, until `goal` holds; for `recovered` also throughout `soakMs`. Throws `NotYetHealthy` with what is
   * missing when `timeoutMs` ran out, and `MachineNotFollowing` when all that is missing comes of a Machine whose status
   * keeps an old address.
   */
  awaitEtcd(input: AwaitEtcdInput): Promise<{ proofs: string[] }>;
  /** The newest revision, and whether the operator's gate is seen to be shut just now. */
  readEtcdGate(input: { cluster: string }): Promise<EtcdGate>;
}

export interface AwaitEtcdInput extends EtcdActInput {
  /**
   * `revision`: one newer than `after`, and certificates that are current where the pins ask for it. `rolled-out`: the
   * target's pod is of the newest revision and names its addresses. `voter`: a voter at the target's addresses that
   * every survivor reaches. `recovered`: everything of `proveEtcdRecovered`.
   */
  goal: 'revision' | 'rolled-out' | 'voter' | 'recovered';
  /** With `revision`: the newest one before the override was set. */
  after?: number;
  soakMs: number;
  timeoutMs: number;
}

export interface EtcdGate {
  latestAvailableRevision: number;
  /** `unknown`: the operator could not be read, or says nothing of it; no override is set on that. */
  gate: 'open' | 'shut' | 'unknown';
  /** In the operator's own words. */
  because: string;
}

export interface EtcdDecideActivities {
  decideEtcdRecovery(input: EtcdDecision): Promise<Verdict>;
  /** Why the approved change must not be made just now; absent: it may. Asked directly before it. */
  objectToMemberChange(input: {
    observation: EtcdObservation;
    plan: EtcdPlan;
    decision: Pick<EtcdDecision, 'policy' | 'owner'>;
    /** Absent: `member`. */
    touches?: Touches;
  }): Promise<{ because?: string }>;
}

/** Every act is given the pins that were approved, and derives nothing anew. */
export interface EtcdActInput {
  cluster: string;
  pins: EtcdPins;
}

export interface SnapshotTaken {
  /** Path on the executor. */
  path: string;
  sha256: string;
  bytes: number;
  /** Of etcd, as the snapshot itself says; not older than the one that the cluster had when it was begun. */
  revision: number;
}

/** One idempotent change each: it re-reads first, and "already so" is success. */
export interface EtcdActActivities extends RemediatorActivities {
  /** Through the executor; verified on it: trailer, pages, status, revision. A verified one of this run is "already so". */
  takeSnapshot(input: EtcdActInput): Promise<ActResult & SnapshotTaken>;
  /** Encrypted on its way; written 0600 under another name and renamed. Old copies go by the retention of the inventory. */
  copySnapshot(input: EtcdActInput & { snapshot: SnapshotTaken }): Promise<ActResult & { path: string }>;
  /** Manifest out, containers stopped, data moved aside on the same file system, manifest back. */
  quarantineEtcd(input: EtcdActInput): Promise<ActResult & { directory: string }>;
  /** `MemberRemoved` when the member is not listed any more: removed data must never come back. */
  restoreEtcd(input: EtcdActInput): Promise<ActResult>;
  renewCertificates(input: EtcdActInput): Promise<ActResult>;
  /**
   * By id, through the executor, after the pinned id and peer URL were read again there; confirmed by all survivors. A lost
   * reply is resolved by reading back. `MembershipUnclear` when they do not agree.
   */
  removeMember(input: EtcdActInput): Promise<ActResult>;
  /** Gives the pinned member `to`: the plan's new peer URL, or its old ones again. */
  updateMember(input: EtcdActInput & { to: string[] }): Promise<ActResult>;
  /** Sets `forceRedeploymentReason` to a value with this run's id; "already so" where it has it. */
  forceRedeployment(input: EtcdActInput): Promise<ActResult>;
}

export type EtcdActivities = EtcdObserveActivities & EtcdDecideActivities & EtcdActActivities;
