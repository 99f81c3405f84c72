import type { ClientCsr } from '../control-plane.ts';
import type { CsrPredicate } from '../plan.ts';
import { clientSigner } from './names.ts';

/** Which of the requests is the one that our restart brought; two candidates are never one. */
export type CsrMatch =
  | { match: 'none'; closed: ClientCsr[] }
  | { match: 'one'; csr: ClientCsr }
  | { match: 'several'; csrs: ClientCsr[] };

/** A predicate, and the UIDs of every request that was there before the restart. */
export type CsrQuestion = CsrPredicate & { before: string[] };

/**
 * "Younger than the restart" means: its UID was not there before. A creation time proves nothing, since an older
 * request approved is issued and useless: the kubelet waits for the key of its newest one only.
 *
 * A request that is already approved counts: it is ours whose answer was lost. One that was denied or failed is not a
 * candidate; it is handed back as `closed`, so that the caller can say why it waits in vain.
 */
export function matchCsr(csrs: ClientCsr[], question: CsrQuestion): CsrMatch {
  const matching = csrs.filter(
    (csr) => !question.before.includes(csr.uid) && mismatchesOf(csr, question).length === 0,
  );
  const candidates = matching.filter((csr) => csr.state === 'Pending' || csr.state === 'Approved');
  const [first] = candidates;
  if (!first) return { match: 'none', closed: matching };
  if (candidates.length > 1) return { match: 'several', csrs: candidates };
  return { match: 'one', csr: first };
}

/** Every way in which a request differs from what was approved, in words; none means it is what was approved. */
export function mismatchesOf(csr: ClientCsr, predicate: CsrPredicate): string[] {
  const mismatches: string[] = [];
  if (csr.signerName !== clientSigner) mismatches.push(`signer ${csr.signerName}`);
  if (csr.requester !== predicate.requester) mismatches.push(`requester ${csr.requester}`);
  if (csr.commonName !== predicate.commonName) mismatches.push(`common name ${csr.commonName}`);
  if (!sameSet(csr.organizations, predicate.organizations)) {
    mismatches.push(`organizations ${csr.organizations.join(', ') || 'none'}`);
  }
  if (csr.hasSubjectAlternativeNames) mismatches.push('subject alternative names');
  const usages = csr.usages.filter((usage) => !predicate.usages.includes(usage));
  if (usages.length > 0) mismatches.push(`usages ${usages.join(', ')}`);
  const absent = requiredUsages.filter((usage) => !csr.usages.includes(usage));
  if (absent.length > 0) mismatches.push(`without usage ${absent.join(', ')}`);
  return mismatches;
}

const requiredUsages = ['digital signature', 'client auth'];

function sameSet(left: string[], right: string[]): boolean {
  return (
    left.length === right.length &&
    left.every((one) => right.includes(one)) &&
    new Set(left).size === left.length
  );
}
