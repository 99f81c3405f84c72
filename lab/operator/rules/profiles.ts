/** What of the operator's work stands behind its quorum gate. */
export type Gated = 'endpoints' | 'pod' | 'certificates' | 'revision';

export type ProfileName = '4.16' | 'main';

/** How one generation of cluster-etcd-operator behaves, as far as the stand-in acts it out. */
export interface Profile {
  name: ProfileName;
  /** What `ClusterOperator/etcd` and `ClusterVersion` say. */
  version: string;
  gated: readonly Gated[];
  /** A closed gate is told by the revision controller (`found 2 healthy member(s) …`), or by what it stops. */
  countsHealthyFirst: boolean;
  /** The certificate signer waits until all nodes share a revision; the removal controller too. */
  waitsForStableRevision: boolean;
  /** While the member list fails, `etcd-endpoints` is keyed by node names. */
  endpointsFallBack: boolean;
  /** Words of the init container that refuses an address. */
  ensureEnv: 'binary' | 'shell';
  /** MemberRemove's event names the member in hex, or in decimal. */
  eventIds: 'hex' | 'decimal';
  /** Zero fields of `nodeStatuses` come and go, or are never written. */
  zeroFields: boolean;
  /** Least time from a need to the write that answers it, milliseconds. */
  lag: Record<'endpoints' | 'pod' | 'secrets' | 'allCerts' | 'revision', number>;
}

/**
 * `4.16`: measured, run G: gate before endpoints, pod and certificates, the revision controller silent, certificates 4-6 s
 * after the override; decimal ids in events. From its code alone: no wait for a stable revision before removing.
 *
 * `main`: measured, runs C, D, F, H, J on what became 4.23: only new revisions are gated; an address change is followed by
 * etcd-pod after 4 s, the three secrets after 8-13 s, etcd-all-certs after 22 s; certificate signer and removal wait for a
 * stable revision. 4.18-4.22 do so by their code alone; 4.17 is neither, and nothing here stands for it.
 *
 * After the override a new revision took 8-11 s on both.
 *
 * The lags are the lower ends of what was measured on a throttled machine, so that nobody can rely on an order.
 */
export const PROFILES: Record<ProfileName, Profile> = {
  '4.16': {
    name: '4.16',
    version: '4.16.0',
    gated: ['endpoints', 'pod', 'certificates'],
    countsHealthyFirst: false,
    waitsForStableRevision: false,
    endpointsFallBack: false,
    ensureEnv: 'shell',
    eventIds: 'decimal',
    zeroFields: false,
    lag: { endpoints: 1000, pod: 3000, secrets: 4000, allCerts: 1000, revision: 2000 },
  },
  main: {
    name: 'main',
    version: '4.23.0',
    gated: ['revision'],
    countsHealthyFirst: true,
    waitsForStableRevision: true,
    endpointsFallBack: true,
    ensureEnv: 'binary',
    eventIds: 'hex',
    zeroFields: true,
    lag: { endpoints: 2000, pod: 4000, secrets: 8000, allCerts: 9000, revision: 6000 },
  },
};
