/** Tunables of one cluster's EtcdRecovery. Durations in milliseconds. */
export interface EtcdPolicy {
  /** How long a fault must have been seen before it counts; less than two minutes lies within the operator's own blindness. */
  seenForMs: number;
  /** How long the operator may heal the cluster by itself before we propose to. */
  operatorGraceMs: number;
  /** A roll-out that waits for nothing but the broken member, and stands still for so long, will not go on by itself. */
  rollOutStandstillMs: number;
  /** What must end first (an upgrade, a roll-out, a new machine configuration) is waited for so long. */
  patienceMs: number;
  /** So long the Machine's status may lag behind its node. */
  machinePatienceMs: number;
  /** Raft entries by which a survivor may be behind. */
  raftGapAtMost: number;
  /** Heal an address change in place. The platform's vendor does not document it, so somebody must have chosen it. */
  inPlace: boolean;
}

export const defaultEtcdPolicy: EtcdPolicy = {
  seenForMs: 2 * 60_000,
  operatorGraceMs: 3 * 60_000,
  rollOutStandstillMs: 5 * 60_000,
  patienceMs: 30 * 60_000,
  machinePatienceMs: 20 * 60_000,
  raftGapAtMost: 1_000,
  inPlace: false,
};

/** Which of a cluster's encrypted copies are kept: the newest so many, or all that are younger. The newest always is. */
export type SnapshotRetention = { copies: number } | { forMs: number };
