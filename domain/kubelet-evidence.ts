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
  /** The node-local admin kubeconfigs of the platform, for break-glass: where they lie. No look asks with one whether it works. */
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

/** What a certificate says of itself; times are ISO 8601. */
export interface CertificateFacts {
  commonName: string;
  organizations: string[];
  /** `CN=csr-signer_1763800000`. */
  issuer: string;
  notBefore: string;
  notAfter: string;
  serial: string;
}

/** `/var/lib/kubelet/pki/kubelet-client-current.pem`. */
export type ClientCertificate =
  | { state: 'missing' }
  /** A link that points at nothing. */
  | { state: 'dangling'; target: string }
  /** Zero bytes, no PEM, no key, or a key that is not the certificate's. */
  | { state: 'corrupt'; detail: string }
  | ({
      state: 'present';
      /** False: a regular file; the kubelet starts with it but can never rotate it. */
      isSymlink: boolean;
    } & CertificateFacts);

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
  certificate?: CertificateFacts;
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
  /** Of recoveries of etcd; absent: there is nothing. */
  etcd?: KeptOfEtcd[];
}

/** A directory that a recovery of etcd has made on a node and that stays there. */
export interface KeptOfEtcd {
  kind: 'quarantine' | 'snapshot';
  runId: string;
  path: string;
  bytes: number;
  /** When it last changed, ISO 8601, by the node's clock. */
  changedAt: string;
  /** With `quarantine`: etcd's manifest lies in it, and none is in its place. */
  manifestOut?: true;
}

/** `/var/lib/kubelet-recovery/<runId>`, or only what a killed script was writing for that run. */
export interface RunOnNode {
  runId: string;
  /** There is a directory: the backup, and what was moved aside. */
  hasDirectory: boolean;
  /** How it ended, by the word that its own last script has left: `healed`, `left owing`, `put back`, `cleaned up`. Undefined: it says nothing. */
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
