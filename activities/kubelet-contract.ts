import type { Means } from '../domain/kubelet/rung.ts';
import type { CsrPredicate, PinnedFile } from '../domain/plan.ts';
import type { ActResult, NodeRef, RunRef } from './contract.ts';

/** What the rungs of KubeletAuthRecovery need besides the acts of R2b. Shapes, retries and idempotency as in contract.ts. */
export interface LadderActivities {
  /**
   * R0: the kubelet that runs now, and the requests that are older than it. `TwoMatchingCsrs` when more than one that is
   * younger waits; `CsrNotYetThere` when none does. `startedAt`: that kubelet's start by the node's clock, ISO 8601.
   */
  noteWaitingRequest(
    input: NodeRef & { csr: CsrPredicate },
  ): Promise<{ before: string[]; startedAt: string }>;
  /** The kubelet's client certificate becomes a link to this file, which must still have this hash and be accepted as this node's. */
  relinkCertificate(input: RunRef & { kept: PinnedFile }): Promise<ActResult>;
  /** A key that never leaves the node. The hash is that of the PEM of its public half. */
  makeKubeletKey(input: RunRef): Promise<ActResult & { publicKeySha256: string }>;
  /** Files the request that is signed with that key, under a name that is the run's own: one that is there must be the same. */
  fileKubeletRequest(input: OwnRequestInput): Promise<ActResult & { name: string; uid: string }>;
  /** Approves exactly this request, whose public key must be that of the key on the node, and waits until it is issued. */
  approveOwnRequest(input: OwnRequestInput & { uid: string }): Promise<ActResult>;
  /** Puts its certificate, which is read from the request, in the kubelet's place with the key that is there, once it is accepted as this node's. */
  installKubeletCertificate(input: OwnRequestInput & { uid: string }): Promise<ActResult>;
  /**
   * Removes cluster-admin from the kubelet's kubeconfig and its client certificates; the bootstrap file is not its business.
   * `means` is proved on the node directly before: `PreconditionFailed` where the API server does not take it.
   */
  withdrawAdmin(input: RunRef & { means: Means }): Promise<ActResult>;
  /** Break-glass: copies an admin kubeconfig of this master, on the node, to one of the kubelet's places. */
  lendAdmin(
    input: RunRef & {
      admin: PinnedFile;
      place: 'bootstrap' | 'kubeconfig';
      /** Hash of the bootstrap file that may be replaced, or `missing`. */
      expectedBootstrapSha256: string;
    },
  ): Promise<ActResult>;
}

export interface OwnRequestInput extends RunRef {
  publicKeySha256: string;
  csr: CsrPredicate;
}
