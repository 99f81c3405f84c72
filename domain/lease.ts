/**
 * A setting that is dangerous while it stands, lent for minutes: set by a run, taken back by that run or by a watchdog, and
 * in the end everything is as it was found. Pure: what may be done follows from the object as it was read.
 *
 * The tool that this one follows patched the override in with the whole object and out again with what it remembered in
 * memory. Where it died between the two, clusters ran for weeks without a quorum guard, and an override that somebody
 * else had set meanwhile was gone.
 */
export interface LeaseTarget {
  /** Path of the object in the API. */
  object: string;
  /** Where in it the settings stand that our key is one of. */
  parent: readonly string[];
  key: string;
  value: boolean | string;
  /** What it means that it stands. Without a full stop. */
  meaning: string;
}

/** Whatever may be lent, by name. A caller chooses among these and cannot write anywhere else. */
export const leaseTargets = {
  /** Lets the etcd operator make a new revision while fewer than three members are healthy. Blocks upgrades while it stands. */
  'etcd-unsafe-override': {
    object: '/apis/operator.openshift.io/v1/etcds/cluster',
    parent: ['spec', 'unsupportedConfigOverrides'],
    key: 'useUnsupportedUnsafeNonHANonProductionUnstableEtcd',
    value: true,
    meaning: 'the quorum guard of the etcd operator is off, and upgrades are blocked',
  },
  /** Harmless: shows on a cluster that leases work there, rights and watchdog included. */
  'lab-lease-proof': {
    object: '/api/v1/namespaces/control-plane-recovery/configmaps/lab-lease-proof',
    parent: ['data'],
    key: 'lease',
    value: 'held',
    meaning: 'no harm is done, it only shows that leases work',
  },
} as const satisfies Record<string, LeaseTarget>;

export type LeaseTargetName = keyof typeof leaseTargets;

export interface Lease {
  target: LeaseTargetName;
  /** Id of the watchdog's first run: no two leases share one. */
  id: string;
  /** For whom it is held: with that run the lease ends. */
  owner: { workflow: string; run: string };
  /** ISO 8601: it ends then at the latest. */
  deadline: string;
}

/** The next one to go wrong must not find a guard switched off for longer than a person stays at the screen. */
export const longestLeaseMs = 60 * 60_000;

/** One lease per cluster at a time; Temporal itself keeps a second watchdog from starting. */
export function watchdogId(cluster: string): string {
  return `override-lease/${cluster}`;
}

/**
 * Memo of a watchdog that has begun to put back: it stands in the same record of Temporal's as the watchdog's being open, so
 * that whoever asks whether a lease is watched learns both at once.
 */
export const leaseEndingMemo = 'leaseEnds';

export function isLeaseTarget(name: unknown): name is LeaseTargetName {
  return typeof name === 'string' && Object.hasOwn(leaseTargets, name);
}
