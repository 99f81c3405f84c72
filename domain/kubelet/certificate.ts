import type { ClientFile, KubeletEvidence } from '../control-plane.ts';
import { isOwnSubject } from './identity.ts';
import { clientCertificatePath } from './names.ts';

/** What is wrong with the file in words, or undefined. */
export function certificateFault(kubelet: KubeletEvidence): CertificateFault | undefined {
  const { clientCertificate: certificate, nodeTime } = kubelet;
  if (certificate.state === 'dangling') return 'missing (its link points at nothing)';
  if (certificate.state !== 'present') return certificate.state;
  if (!certificate.isSymlink) return 'a regular file instead of a link';
  if (!(Date.parse(nodeTime) < Date.parse(certificate.notAfter))) return 'expired';
  return isRefused(kubelet) ? 'refused by the API server' : undefined;
}

type CertificateFault =
  | 'missing'
  | 'missing (its link points at nothing)'
  | 'corrupt'
  | 'a regular file instead of a link'
  | 'expired'
  | 'refused by the API server';

/** The kubelet does not get past these by itself: it exits, can store no renewal, or takes the file for good. */
export function isUnusableAsItStands(fault: CertificateFault): boolean {
  return (
    fault === 'corrupt' ||
    fault === 'a regular file instead of a link' ||
    fault === 'refused by the API server'
  );
}

/** Of an unknown authority: neither the file nor the kubelet's log says so, only the answer that it gets. */
function isRefused({ identity, kubeconfig }: KubeletEvidence): boolean {
  return (
    identity.accepted === 'rejected' &&
    kubeconfig.state === 'present' &&
    kubeconfig.credential === 'client-certificate-file' &&
    kubeconfig.certificatePath === clientCertificatePath
  );
}

const validForAtLeastMs = 3_600_000;

/**
 * Files from which the node can be itself again at once, newest first: its own subject, the key with it, valid for an hour at least,
 * and accepted by the API server, asked with it. A file that is the current one counts where only its link is missing.
 */
export function keptFiles(kubelet: KubeletEvidence, node: string): ClientFile[] {
  const kept = kubelet.clientFiles.filter((file) => isKept(file, node, Date.parse(kubelet.nodeTime)));
  return kept.toSorted((left, right) => begin(right) - begin(left));
}

function isKept({ certificate, keyMatches, accepted }: ClientFile, node: string, now: number): boolean {
  return (
    certificate !== undefined &&
    keyMatches &&
    accepted === 'yes' &&
    isOwnSubject(certificate, node) &&
    Date.parse(certificate.notBefore) <= now &&
    now + validForAtLeastMs < Date.parse(certificate.notAfter)
  );
}

function begin({ certificate }: ClientFile): number {
  return Date.parse(certificate?.notBefore ?? '');
}
