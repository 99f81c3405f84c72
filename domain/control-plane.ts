import type { KubeletEvidence } from './kubelet-evidence.ts';
import type { LeaseTargetName } from './lease.ts';
import type { LeaseReading } from './lease-rules.ts';
import type { OperatorPods, PlatformView } from './platform-view.ts';
import type { Reading } from './reading.ts';

export type * from './kubelet-evidence.ts';

/**
 * What was seen of one control plane in one bounded look: the only thing a decision may rest on.
 * Everything in it may go into a Temporal history, so it holds hashes, subjects, dates and paths; never a key or a token.
 */
export interface Observation {
  cluster: string;
  /** When the look began, ISO 8601 in UTC, by the worker's clock. */
  at: string;
  api: Reading<ApiEndpoint>;
  masters: MasterObservation[];
  signer: Reading<Signer>;
  /** Requests for client certificates in the name of one of these masters, any state: a large cluster has thousands of others. */
  csrs: Reading<ClientCsr[]>;
  /** How many there were in other names, unreadable ones included. */
  otherCsrs?: number;
  /** The token secret from which a durable bootstrap file can be made anew. */
  bootstrapSecret: Reading<BootstrapSecret>;
  /** What our own credential may do: a rung that would be refused half-way is not proposed. */
  powers: Reading<Powers>;
  /** The operators' view. */
  platform: PlatformView;
  /** Settings that a run may lend, where the object is there and may be read by us. */
  lentSettings: LentSetting[];
  cost: ObservationCost;
}

export interface LentSetting {
  target: LeaseTargetName;
  lease: Reading<LeaseReading>;
}

/** Source: SelfSubjectReview and SelfSubjectAccessReview, asked by the worker for itself. */
export interface Powers {
  /** As the API server names us: the requester of a request that we file. */
  username: string;
  /** `create serviceaccounts/token` of node-bootstrapper. */
  mintBootstrapToken: boolean;
  /** `create certificatesigningrequests`. */
  fileRequests: boolean;
  /** `update certificatesigningrequests/approval` and `approve` of the signer of kubelets' client certificates. */
  approveRequests: boolean;
}

/** What the look cost, and whether a declared limit cut it short. Source: counted by the connections. */
export interface ObservationCost {
  apiCalls: number;
  bytes: number;
  milliseconds: number;
}

export interface ApiEndpoint {
  /** The endpoint of the kubeconfig. */
  server: string;
  /** There when that did not answer: the master through whose own API server it was reached instead, and why. */
  through?: { master: string; because: string };
  /** `v1.34.4`, as `/version` says. */
  version: string;
  /** Its clock minus the worker's, to the second; absent: it did not say. */
  clockAheadMs?: number;
}

export interface MasterObservation {
  name: string;
  /** The address in the inventory: the one that ssh dials. */
  address: string;
  node: Reading<NodeStatus>;
  /** Mirror pods on this node, as the API server has them. */
  mirrorPods: Reading<MirrorPod[]>;
  /** Guard and installer pods on this node. */
  operatorPods: Reading<OperatorPods>;
  /** Seen on the node itself, over ssh. */
  kubelet: Reading<KubeletEvidence>;
  /** `/healthz` of the etcd member and `/readyz` of the API server on this master, asked on the node itself. */
  etcd: Reading<Health>;
  apiServer: Reading<Health>;
}

export interface Health {
  healthy: boolean;
  /** What was answered, shortened: `ok`, `connection refused`. */
  detail: string;
}

/** The Node object. Source: `GET /api/v1/nodes/<name>` and its lease. */
export interface NodeStatus {
  uid: string;
  /** Carries `node-role.kubernetes.io/master` or `…/control-plane`. */
  isMaster: boolean;
  ready: 'True' | 'False' | 'Unknown';
  /** When Ready last changed, ISO 8601, by the API server's clock; undefined where the condition does not say. */
  readySince?: string;
  readyReason: string;
  readyMessage: string;
  /** ISO 8601; the kubelet renews it every 10 s. Undefined when there is no lease. */
  leaseRenewedAt?: string;
}

export interface MirrorPod {
  namespace: string;
  name: string;
  uid: string;
  /** Annotation `kubernetes.io/config.mirror`: the hash of the manifest that the kubelet runs. */
  configHash: string;
  phase: string;
  ready: boolean;
  /** Newest time in its status, ISO 8601: a pod of a dead kubelet says Running and Ready for ever. */
  statusTime?: string;
  terminating: boolean;
}

/** Who signs client certificates: the kube-controller-manager. Source: its lease and the newest pods. */
export interface Signer {
  /** Lease `kube-system/kube-controller-manager`. */
  leaseHolder: string;
  leaseRenewedAt: string;
  leaseDurationSeconds: number;
  /** The lease was renewed within its duration, by the worker's clock with tolerance. */
  alive: boolean;
}

export interface ClientCsr {
  name: string;
  uid: string;
  createdAt: string;
  signerName: string;
  requester: string;
  requesterGroups: string[];
  commonName: string;
  organizations: string[];
  usages: string[];
  hasSubjectAlternativeNames: boolean;
  state: 'Pending' | 'Approved' | 'Denied' | 'Failed';
  issued: boolean;
}

export interface BootstrapSecret {
  namespace: string;
  name: string;
  hasToken: boolean;
  /** Set when Kubernetes has marked the token as unused for a year and no longer accepts it. */
  invalidSince?: string;
}
