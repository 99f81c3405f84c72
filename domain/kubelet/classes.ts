import type { KubeletEvidence, MasterObservation, Observation } from '../control-plane.ts';
import type { Evidence } from '../verdict.ts';

/**
 * What is wrong with one kubelet, as the operating procedure sorts it; docs/runbooks/kubelet-auth-recovery.md has the
 * table. C9, several masters at once, is no class of one kubelet: the verdict takes them one after another.
 */
export const kubeletClasses = {
  C0: 'not an authentication fault',
  C1: 'its request waits for approval',
  C2: 'its request is approved and not issued, denied or failed',
  C3: 'the certificate is gone, and a valid one lies beside it; or it is gone while the kubelet still authenticates with the one in its memory',
  C4: 'no usable certificate, bootstrap credential good',
  C5: 'no usable certificate, bootstrap credential rejected or missing',
  C6: 'the certificate file is corrupt, no link, or refused by the API server',
  C7: 'the identity is not this node’s, or cluster-admin is left beside it',
  C8: 'clock, disk, or the way to the API',
} as const;

export type KubeletClass = keyof typeof kubeletClasses;

/**
 * `lost`: it cannot authenticate. `latent`: it can, but not after its next start. `stopped`: no process.
 * `ailing`: something is wrong, but not that. `unknown`: not enough was seen, and that is no ground for anything.
 */
export type Standing = 'healthy' | 'lost' | 'latent' | 'stopped' | 'ailing' | 'unknown';

export interface Classification {
  node: string;
  standing: Standing;
  class?: KubeletClass;
  /** One sentence, without anything volatile. */
  sentence: string;
  evidence: Evidence[];
  /** The classes that it might have been, and the fact that excludes each; only where authentication is at fault. */
  ruledOut: string[];
}

export interface Seen {
  master: MasterObservation;
  kubelet: KubeletEvidence;
  observation: Observation;
}
