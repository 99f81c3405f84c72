import type { LeaseTargetName } from './lease.ts';
import type { LeaseReading } from './lease-rules.ts';
import type { OperatorPods, PlatformView } from './platform-view.ts';
import type { Reading } from './reading.ts';

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

/** Everything one look at the node says about its kubelet. Source: `activities/node-scripts/observe-kubelet.sh`. */
export interface KubeletEvidence {
  nodeName: string;
  /** The node's own clock when it was asked, ISO 8601. */
  nodeTime: string;
  unit: KubeletUnit;
  clientCertificate: ClientCertificate;
  /** Whom the API server takes the kubelet for, asked on the node with the kubelet's own kubeconfig. */
  identity: KubeletIdentity;
  /** Every `kubelet-client-*.pem` that is a file, in the kubelet's directory. */
  clientFiles: ClientFile[];
  kubeconfig: Kubeconfig;
  bootstrap: BootstrapFile;
  journal: JournalCounts;
  /** Static pod manifests on disk, with the hash that the running sandbox carries (`kubernetes.io/config.hash`). */
  manifests: StaticPodManifest[];
  /** Certificates with `O=system:masters` found under the kubelet's directories or our backups: paths only. */
  adminCredentials: string[];
  /** The node-local admin kubeconfigs of the platform, for break-glass: where they lie and whether they work. */
  adminKubeconfigs: AdminKubeconfig[];
  /**
   * Files other than the bootstrap file that hold a token of node-bootstrapper which still works and will expire: what a
   * recovery left behind. Paths only.
   */
  temporaryCredentials: string[];
  /** What runs of ours have left here, finished or not. */
  traces: Traces;
  /** Static pods that run although no manifest on disk is theirs. */
  orphanPods: { namespace: string; name: string }[];
  /** Free bytes under /var/lib/kubelet, and whether it can be written. */
  disk: { freeBytes: number; writable: boolean };
}

export interface KubeletUnit {
  activeState: string;
  subState: string;
  result: string;
  restarts: number;
  /** ISO 8601; undefined when the unit never started. */
  startedAt?: string;
  /** systemd's InvocationID: changes with every start. */
  invocationId: string;
}

/** `/var/lib/kubelet/pki/kubelet-client-current.pem`. */
export type ClientCertificate =
  | { state: 'missing' }
  /** A link that points at nothing. */
  | { state: 'dangling'; target: string }
  /** Zero bytes, no PEM, no key, or a key that is not the certificate's. */
  | { state: 'corrupt'; detail: string }
  | {
      state: 'present';
      /** False: a regular file; the kubelet starts with it but can never rotate it. */
      isSymlink: boolean;
      commonName: string;
      organizations: string[];
      issuer: string;
      notBefore: string;
      notAfter: string;
      serial: string;
    };

/** `unknown`: there was nothing to ask with, or nobody answered. `rejected`: 401, which also an unknown authority gives. */
export interface KubeletIdentity {
  accepted: 'yes' | 'rejected' | 'unknown';
  /** Short reason, without any credential: `Unauthorized`, `unable to read client-cert`. */
  detail: string;
  /** `system:node:master-1`; only with `yes`. */
  username?: string;
  groups?: string[];
}

export interface ClientFile {
  /** `/var/lib/kubelet/pki/kubelet-client-2026-11-20-08-15-02.pem`. */
  path: string;
  sha256: string;
  /** `kubelet-client-current.pem` leads to it, or is it. */
  isCurrent: boolean;
  /** Undefined: there is no certificate in it. */
  certificate?: {
    commonName: string;
    organizations: string[];
    issuer: string;
    notBefore: string;
    notAfter: string;
    serial: string;
  };
  /** The key in the same file is the certificate's. */
  keyMatches: boolean;
  /** Asked with it on the node. `unknown` too where it was not asked with, since it cannot be used. */
  accepted: 'yes' | 'rejected' | 'unknown';
}

/** Below `…/kube-apiserver-certs/secrets/node-kubeconfigs`: cluster-admin, for people. Its contents never leave the node. */
export interface AdminKubeconfig {
  path: string;
  sha256: string;
  server: string;
  caSha256: string;
  tlsServerName?: string;
  commonName: string;
  organizations: string[];
  notAfter: string;
  /** Asked with it on the node. */
  accepted: 'yes' | 'rejected' | 'unknown';
  detail: string;
}

/** Form of a kubeconfig file; its contents never leave the node. */
export type Kubeconfig =
  | { state: 'missing' }
  | { state: 'unreadable'; detail: string }
  | {
      state: 'present';
      sha256: string;
      server: string;
      caSha256: string;
      tlsServerName?: string;
      credential: 'client-certificate-file' | 'client-certificate-data' | 'token' | 'none' | 'other';
      /** With `client-certificate-file`: the path it names. */
      certificatePath?: string;
      keyPath?: string;
      /** Subject and end of embedded certificate data, when there is any. */
      embeddedOrganizations?: string[];
      embeddedCommonName?: string;
      embeddedNotAfter?: string;
    };

/** `/etc/kubernetes/kubeconfig`: the credential with which the kubelet asks for its first certificate. */
export interface BootstrapFile {
  file: Kubeconfig;
  /** Asked with the file itself on the node: may it create certificate signing requests? */
  accepted: 'yes' | 'rejected' | 'forbidden' | 'unknown';
  /** Short reason, without any credential: `Unauthorized`, `connection refused`. */
  detail: string;
  /** With a token: its subject and expiry claim. No expiry claim means durable. */
  tokenSubject?: string;
  tokenExpiresAt?: string;
}

/**
 * How often the decisive log lines stand in the journal, over the kubelet's starts of the last `windowMinutes`:
 * a kubelet whose credential is rejected exits every five minutes, so one start is too short a window.
 */
export interface JournalCounts {
  windowMinutes: number;
  /** The journal could not be read to its end: there may be more of everything. */
  incomplete?: true;
  anonymousForbidden: number;
  clientCertificateUnreadable: number;
  clientCertificateExpired: number;
  bootstrapFileMissing: number;
  csrRejected: number;
  exitingServerResponsive: number;
  waitingServerNotResponsive: number;
  corruptPem: number;
  certificateRotated: number;
  apiUnreachable: number;
  serverCertificateUntrusted: number;
}

export interface StaticPodManifest {
  file: string;
  sha256: string;
  namespace: string;
  /** Pod name without the node's suffix: `etcd`. */
  podName: string;
  /** `kubernetes.io/config.hash` of the sandbox that runs it; undefined when none runs. */
  runningHash?: string;
  /** The file was written after that sandbox was made: what runs was made from something else. */
  writtenSince?: true;
}

/** Of runs of ours on one node. Source: `/var/lib/kubelet-recovery`, and the lock of our scripts. */
export interface Traces {
  runs: RunOnNode[];
  /** A script of ours is at work, or hangs. */
  lockHeld: boolean;
}

/** `/var/lib/kubelet-recovery/<runId>`, or only what a killed script was writing for that run. */
export interface RunOnNode {
  runId: string;
  /** There is a directory: the backup, and what was moved aside. */
  hasDirectory: boolean;
  /** How it ended, by the word that its own last script has left: `healed`, `put back`, `cleaned up`. Undefined: it says nothing. */
  concluded?: string;
  /** An abort had begun to put things back. */
  aborted: boolean;
  /** The bootstrap file that is there now is one that this run has installed. */
  holdsBootstrap: boolean;
  /** How often it has restarted the kubelet. */
  restarts: number;
  /** Files that it has moved aside. */
  quarantined: number;
  /** Paths of files that were being written when their script was killed. */
  halfWritten: string[];
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
