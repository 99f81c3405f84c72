import type { ApiEndpoint, Health, ObservationCost } from '../control-plane.ts';
import type { Reading } from '../reading.ts';
import type { ClusterVersion, CopyPlace, EtcdOperator, MachineConfigPool, Remediator } from './platform.ts';
import type { Sighting } from './sighting.ts';

/**
 * What one bounded look saw of etcd, of the operator around it and of the masters it runs on: the only thing a decision about
 * a member may rest on. It may go into a Temporal history, so it holds addresses, dates and hashes; never a key.
 */
export interface EtcdObservation {
  cluster: string;
  /** When the look began, ISO 8601 in UTC, by the worker's clock. */
  at: string;
  /** The endpoint, or the healthy master, through which the API was reached. */
  api: Reading<ApiEndpoint>;
  /** Every master of the inventory, in its order. */
  masters: EtcdMaster[];
  operator: Reading<EtcdOperator>;
  version: Reading<ClusterVersion>;
  pools: Reading<MachineConfigPool[]>;
  topology: Reading<{ controlPlane: string }>;
  /** Other automation that might replace or reboot a master meanwhile. Source: MachineHealthCheck, NodeHealthCheck. */
  remediators: Reading<Remediator[]>;
  /** Where the copy of the snapshot goes. */
  copies: Reading<CopyPlace>;
  /** What the look before this one made of it; absent: this is the first. See `sightingOf`. */
  before?: Sighting;
  cost: ObservationCost;
}

export interface EtcdMaster {
  /** As the Node object spells it. */
  name: string;
  node: Reading<MasterNode>;
  machine: Reading<MasterMachine>;
  /** The mirror pod `openshift-etcd/etcd-<name>`. */
  pod: Reading<EtcdPod>;
  /** Does its kubelet authenticate as its node? One that does not can neither stop nor replace a static pod. */
  kubelet: Reading<{ authenticates: boolean; detail: string }>;
  /** Seen on the node itself. Not to be had where ssh is closed, and an address change does not need it. */
  host: Reading<EtcdHost>;
  /** What the member on this master says, asked on that master: one vantage point of several. */
  view: MemberView;
  certificates: Reading<NodeCertificates>;
  /** Free bytes where a snapshot would be written on this master: of the fuller of the two file systems that it goes through. */
  room: Reading<{ freeBytes: number }>;
}

export interface MasterNode {
  uid: string;
  ready: 'True' | 'False' | 'Unknown';
  readyReason: string;
  /** Every InternalIP, in the Node's order; two families on a dual-stack cluster. */
  internalIps: string[];
}

/** `none`: no Machine stands for this node, as on a cluster without the Machine API. */
export type MasterMachine =
  | { state: 'none' }
  | {
      state: 'present';
      name: string;
      phase: string;
      /** InternalIPs of its status. */
      addresses: string[];
      deleting: boolean;
      /** Has the preDrain hook `EtcdQuorumOperator` of `clusteroperator/etcd`: without it the operator adds no member here. */
      quorumHook: boolean;
    };

export type EtcdPod =
  | { state: 'absent' }
  | {
      state: 'present';
      uid: string;
      /** Label `revision`. */
      revision: number;
      /** `spec`: the container etcd's ALL_ETCD_ENDPOINTS and every NODE_*_IP and NODE_*_ETCD_URL_HOST, as written. */
      env: Record<string, string>;
      /** `status.podIPs`. */
      podIps: string[];
      /** Init containers too. */
      containers: ContainerState[];
      terminating: boolean;
    };

export interface ContainerState {
  name: string;
  ready: boolean;
  state: 'waiting' | 'running' | 'terminated';
  /** `CrashLoopBackOff`, `PodInitializing`, `Completed`. */
  reason: string;
  restarts: number;
  /** Why it ended the last time; absent: it never did. */
  lastTermination?: { exitCode: number; reason: string; message: string };
}

/** Everything that one look at the node says about its etcd. */
export interface EtcdHost {
  data: DataDirectory;
  /** `/etc/kubernetes/manifests/etcd-pod.yaml`; `differs`: from the copy of the revision it claims to be. */
  manifest: { state: 'present' | 'missing' | 'unparsable' | 'differs'; sha256?: string };
  /** The member's own certificate and key files, as etcd would read them. */
  certificates: { state: 'usable' | 'missing' | 'expired' | 'key-mismatch' | 'unparsable'; detail: string };
  /** How often the decisive lines stand in the logs of the last etcd containers. */
  log: Record<EtcdLogSign, number>;
}

export interface DataDirectory {
  /** Of `/var/lib/etcd/member`. */
  state: 'present' | 'empty' | 'missing';
  /** Faults found in the files themselves, one sentence each: a write-ahead log that does not parse, a page that fails its check. */
  faults: string[];
  freeBytes: number;
  writable: boolean;
  /** `/var/lib/etcd` is a file system of its own: what is moved aside must stay on it. */
  ownMount: boolean;
}

/** What etcd, or the programs before it in the pod, say before they give up. */
export type EtcdLogSign =
  /** `dataDir has been destroyed`. */
  | 'dataDestroyed'
  /** `wal: crc mismatch`, `failed to recover v3 backend`, `invalid database`, a panic of bbolt. */
  | 'dataCorrupt'
  /** `Expected node IP to be <new> got <old>`, `expected NODE_x_IP to be <new>, got <old>`. */
  | 'addressRefused'
  /** Key pair does not load: `tls: private key does not match public key`, `no such file or directory` for a certificate. */
  | 'certificateUnusable'
  /** `bad certificate`, `certificate has expired`, `certificate is valid for …, not …`. */
  | 'certificateRejected'
  /** `the member has been permanently removed from the cluster`. */
  | 'removed'
  /** `no space left on device`. */
  | 'diskFull';

/** Each part by itself: a sick member may tell its status and not the members. */
export interface MemberView {
  /** Who answers at this master. */
  self: Reading<{ clusterId: string; memberId: string }>;
  /** Linearizable: without quorum there is no list. */
  members: Reading<EtcdMember[]>;
  status: Reading<MemberStatus>;
  /** A linearizable read on this member. */
  read: Reading<Health>;
  /** Every member's health as it is reached from here, at its client URL. */
  reach: Reading<({ memberId: string } & Health)[]>;
  alarms: Reading<EtcdAlarm[]>;
}

/** As etcd lists it. Ids are hexadecimal without leading zeros, as `etcdctl member list` writes them: see `memberId`. */
export interface EtcdMember {
  id: string;
  /** Empty: it has never started. Never used to find a member: after a replacement the healthy one has the same name. */
  name: string;
  peerUrls: string[];
  clientUrls: string[];
  learner: boolean;
}

export interface MemberStatus {
  version: string;
  /** Member id; `0` when there is none. */
  leader: string;
  raftTerm: number;
  raftIndex: number;
  raftAppliedIndex: number;
  revision: number;
  dbSizeBytes: number;
  dbInUseBytes: number;
  /** Absent before etcd 3.6. */
  dbQuotaBytes?: number;
  learner: boolean;
  errors: string[];
}

export interface EtcdAlarm {
  memberId: string;
  type: 'NOSPACE' | 'CORRUPT' | 'OTHER';
}

/** Subject alternative names and dates alone. */
export interface NodeCertificates {
  /** `etcd-peer-<node>`, `etcd-serving-<node>`, `etcd-serving-metrics-<node>`. */
  secrets: CertificateFacts[];
  /** The same three inside `etcd-all-certs`, which is what the pods mount. */
  inAllCerts: CertificateFacts[];
}

export type CertificateFacts =
  | { name: string; state: 'missing' }
  | { name: string; state: 'unparsable' }
  | { name: string; state: 'present'; addresses: string[]; notBefore: string; notAfter: string };
