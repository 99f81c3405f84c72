import type { KubeletEvidence } from '../control-plane.ts';
import { valueOf } from '../reading.ts';
import type { RecoveryRequest } from '../run.ts';
import type { Classification, Seen } from './classes.ts';
import type { Objection, Situation } from './guards.ts';

/** The ways back to the node's own identity, safest first; docs/runbooks/kubelet-auth-recovery.md has the table. */
export const rungs = {
  R0: 'approve the request that the running kubelet waits for',
  R1: 'link the certificate that still lies there, and restart',
  G: 'take cluster-admin away from a kubelet that has its own certificate, and restart',
  R2a: 'restart with the bootstrap credential, which is good, and approve the one request that follows',
  R2b: 'a new bootstrap credential for one hour, a restart, and the one request that follows',
  R3: 'a request made for the node, matched to the key that was made on it, and its certificate put in place',
  R4a: 'break-glass: an admin kubeconfig of the node as its bootstrap file, until it has a certificate',
  R4b: 'break-glass: an admin kubeconfig of the node as the kubelet’s own, until somebody can sign again',
} as const;

export type Rung = keyof typeof rungs;

/** What a kubelet is to go on with: its own certificate, or its bootstrap credential, with which it asks for one. */
export type Means = 'certificate' | 'bootstrap';

/** What has to be accepted at the instant when a rung leaves the kubelet with nothing else; undefined: the loan is proved when it is made. */
export function meansOf(rung: Rung): Means | undefined {
  switch (rung) {
    case 'R1':
    case 'G':
    case 'R3':
      return 'certificate';
    case 'R2a':
    case 'R2b':
    case 'R4a':
      return 'bootstrap';
    case 'R0':
    case 'R4b':
      return undefined;
  }
}

/** Everything that a rung is judged by. */
export interface Rise extends Situation {
  seen: Classification;
  kubelet: KubeletEvidence;
  request: RecoveryRequest;
}

/** Why a rung is not taken; undefined: it fits. */
export type RungRule = (rise: Rise) => Objection | undefined;

export function seenOf({ target, kubelet, observation }: Rise): Seen {
  return { master: target, kubelet, observation };
}

/** The rung is for another case: nothing that anybody could mend. */
export function unfit(because: string): Objection {
  return { reason: 'ClassNotSupported', because, evidence: [] };
}

const powerWords = {
  mintBootstrapToken: 'mint a token of node-bootstrapper',
  approveRequests: 'approve requests of kubelets',
} as const;

/** Only what is known to be refused: that it could not be asked is no reason to look for a riskier way. */
export function powersObjection(
  { observation: { powers } }: Pick<Rise, 'observation'>,
  power: keyof typeof powerWords,
): Objection | undefined {
  const ours = valueOf(powers);
  if (ours?.[power] !== false) return undefined;
  const because = `our own credential may not ${powerWords[power]}`;
  return {
    reason: 'PowersMissing',
    because,
    evidence: [{ fact: `${ours.username} may not ${powerWords[power]}`, source: powers.source }],
  };
}
