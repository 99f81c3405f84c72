import type { ClientCsr, KubeletEvidence, MasterObservation, Observation } from '../control-plane.ts';
import { valueOf } from '../reading.ts';
import type { Evidence } from '../verdict.ts';
import { mismatchesOf } from './csr.ts';
import { kubeletFacts } from './facts.ts';
import { isLeaseFresh, isOwnSubject } from './identity.ts';
import { mirrorGaps } from './mirror-pods.ts';
import { bootstrapRequester, csrPredicate } from './names.ts';

/**
 * What is wrong with one kubelet, as the operating procedure sorts it:
 * C0 not an authentication fault · C1 its request waits for approval · C2 approved but not issued · C3 the certificate on
 * disk is unusable while the kubelet still authenticates with the one in its memory · C4 no certificate, bootstrap
 * credential good · C5 no certificate, bootstrap credential bad · C6 certificate file corrupt or no link · C7 the
 * identity is not this node's · C8 clock, disk or the way to the API. C9, several masters, is the verdict's business.
 *
 * C3's other half, a valid certificate that lies beside the missing one, is not told from C4 and C5: this look does not
 * list older files, and what mends those mends it too.
 */
export type KubeletClass = 'C0' | 'C1' | 'C2' | 'C3' | 'C4' | 'C5' | 'C6' | 'C7' | 'C8';

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
}

type Judged = Pick<Classification, 'standing' | 'class' | 'sentence'>;

interface Seen {
  master: MasterObservation;
  kubelet: KubeletEvidence;
  observation: Observation;
}

export function classify(master: MasterObservation, observation: Observation): Classification {
  const kubelet = valueOf(master.kubelet);
  const judged = kubelet
    ? judge({ master, kubelet, observation })
    : unknownBecause(
        `${master.name} ${isReached(master) ? 'answers ssh, but could not be looked at' : 'cannot be reached over ssh'}`,
      );
  return { node: master.name, evidence: kubeletFacts(master), ...judged };
}

/** A script that failed was reached. Without a cause the reading does not say, and then it is the network. */
export function isReached({ kubelet }: MasterObservation): boolean {
  return kubelet.known || (kubelet.cause !== undefined && kubelet.cause !== 'NodeUnreachable');
}

/** The order matters: each rule may rest on all those before it having found nothing. */
function judge(seen: Seen): Judged {
  const { master, kubelet } = seen;
  if (isStopped(kubelet))
    return { standing: 'stopped', class: 'C0', sentence: `the kubelet on ${master.name} does not run` };
  const node = valueOf(master.node);
  if (!node) return unknownBecause(`the Node ${master.name} could not be read`);
  // With a good file, a kubelet that started a second ago and has not renewed yet is no fault.
  const since = certificateFault(kubelet) === undefined ? undefined : kubelet.unit.startedAt;
  const authenticates = isLeaseFresh(node.leaseRenewedAt, kubelet.nodeTime, since);
  const foreign = foreignIdentity(seen, authenticates);
  if (foreign) return foreign;
  return authenticates ? (latentFault(seen) ?? servingFault(seen)) : (hostFault(seen) ?? lostFault(seen));
}

function isStopped({ unit }: KubeletEvidence): boolean {
  return ['inactive', 'failed', 'deactivating'].includes(unit.activeState);
}

function foreignIdentity({ master, kubelet }: Seen, authenticates: boolean): Judged | undefined {
  const certificate = kubelet.clientCertificate;
  if (certificate.state !== 'present' || isOwnSubject(certificate, master.name)) return undefined;
  const subject = `O=${certificate.organizations.join('+')}, CN=${certificate.commonName}`;
  return {
    standing: authenticates ? 'latent' : 'lost',
    class: 'C7',
    sentence: `the kubelet on ${master.name} has the identity of another: ${subject}`,
  };
}

/** It works, from memory: the file is read again at the next start or renewal. So nobody may restart it. */
function latentFault({ master, kubelet }: Seen): Judged | undefined {
  const wrong = certificateFault(kubelet);
  if (!wrong) return undefined;
  const lasting = wrong === 'corrupt' || wrong === 'a regular file instead of a link';
  return {
    standing: 'latent',
    class: lasting ? 'C6' : 'C3',
    sentence: `the kubelet on ${master.name} still works, but its client certificate on disk is ${wrong}`,
  };
}

function servingFault({ master, kubelet }: Seen): Judged {
  const pods = valueOf(master.mirrorPods);
  const node = valueOf(master.node);
  const gaps = pods ? mirrorGaps(kubelet, pods) : ['its mirror pods could not be read'];
  const ready = node?.ready === 'True' ? [] : [`its Node is ${node?.ready ?? 'unknown'}`];
  const wrong = [...ready, ...gaps];
  if (wrong.length === 0)
    return { standing: 'healthy', class: 'C0', sentence: `the kubelet on ${master.name} is healthy` };
  return {
    standing: 'ailing',
    class: 'C0',
    sentence: `the kubelet on ${master.name} authenticates as its node, but ${wrong.join('; ')}`,
  };
}

/** The signer dates certificates back by five minutes: within that, a wrong clock explains nothing. */
const clockToleranceMs = 5 * 60_000;

/** C8: no certificate would mend these, and a clock that is wrong makes a good one look expired. */
function hostFault({ master, kubelet, observation }: Seen): Judged | undefined {
  const skew = Math.abs(Date.parse(kubelet.nodeTime) - Date.parse(observation.at));
  if (!(skew <= clockToleranceMs))
    return ailing(`the clock of ${master.name} differs from ours by more than five minutes`);
  return kubelet.disk.writable ? undefined : ailing(`/var/lib/kubelet on ${master.name} cannot be written`);
}

function ailing(sentence: string): Judged {
  return { standing: 'ailing', class: 'C8', sentence };
}

/** C8 too, but only where nothing has answered: the log of a quarter of an hour ago may be about what is over. */
function pathFault({ master, kubelet }: Seen): Judged | undefined {
  const { apiUnreachable, serverCertificateUntrusted } = kubelet.journal;
  if (serverCertificateUntrusted > 0)
    return ailing(`the kubelet on ${master.name} does not trust the API server's certificate`);
  return apiUnreachable > 0
    ? ailing(`the kubelet on ${master.name} does not reach the API server`)
    : undefined;
}

function lostFault(seen: Seen): Judged {
  const { master, kubelet } = seen;
  const wrong = certificateFault(kubelet);
  if (!wrong) return pathFault(seen) ?? unexplained(master.name);
  if (wrong === 'corrupt' || wrong === 'a regular file instead of a link') {
    return {
      standing: 'lost',
      class: 'C6',
      sentence: `the client certificate of the kubelet on ${master.name} is ${wrong}`,
    };
  }
  return requestFault(seen) ?? bootstrapFault(seen, wrong);
}

/** Also what a certificate of an unknown authority looks like: only the API server's own log says so. */
function unexplained(node: string): Judged {
  const sentence = `the kubelet on ${node} does not renew its lease, though its client certificate is its own and not expired`;
  return { standing: 'ailing', class: 'C0', sentence };
}

/** C1, C2: the kubelet that runs now has asked already. Only a request that is younger than its start can be its own. */
function requestFault({ master, kubelet, observation }: Seen): Judged | undefined {
  const own = matchingCsrs(observation, master.name).filter(
    (csr) => Date.parse(csr.createdAt) >= Date.parse(kubelet.unit.startedAt ?? ''),
  );
  const lost = (kind: KubeletClass, what: string): Judged => ({
    standing: 'lost',
    class: kind,
    sentence: `the kubelet on ${master.name} has no client certificate, and its request ${what}`,
  });
  if (own.some((csr) => csr.state === 'Approved' && !csr.issued))
    return lost('C2', 'is approved but not issued');
  if (own.some((csr) => csr.state === 'Pending')) return lost('C1', 'waits for approval');
  const closed = own.find((csr) => csr.state === 'Denied' || csr.state === 'Failed');
  return closed ? lost('C2', `is ${closed.state === 'Denied' ? 'denied' : 'failed'}`) : undefined;
}

/** Every request that a kubelet of this name could have filed with the bootstrap credential, whatever its state. */
export function matchingCsrs(observation: Observation, node: string): ClientCsr[] {
  return (valueOf(observation.csrs) ?? []).filter(
    (csr) => mismatchesOf(csr, csrPredicate(node)).length === 0,
  );
}

function bootstrapFault(seen: Seen, certificate: string): Judged {
  const { master, kubelet } = seen;
  const { file, accepted, tokenSubject } = kubelet.bootstrap;
  const lost = (kind: KubeletClass, what: string): Judged => ({
    standing: 'lost',
    class: kind,
    sentence: `the client certificate of the kubelet on ${master.name} is ${certificate}, and its bootstrap credential ${what}`,
  });
  if (file.state === 'missing') return lost('C5', 'is missing');
  if (file.state === 'unreadable') return lost('C5', 'cannot be parsed');
  if (accepted === 'yes') return lost('C4', 'is good');
  if (accepted === 'rejected') return lost('C5', 'is rejected');
  if (accepted === 'forbidden') {
    return lost(
      'C5',
      tokenSubject === bootstrapRequester ? 'is known but may not file requests' : 'is that of another',
    );
  }
  return (
    pathFault(seen) ??
    unknownBecause(`whether the bootstrap credential of ${master.name} is accepted could not be learnt`)
  );
}

/** What is wrong with the file, or undefined. */
function certificateFault({ clientCertificate: certificate, nodeTime }: KubeletEvidence): string | undefined {
  if (certificate.state === 'dangling') return 'missing (its link points at nothing)';
  if (certificate.state !== 'present') return certificate.state;
  if (!certificate.isSymlink) return 'a regular file instead of a link';
  return Date.parse(nodeTime) < Date.parse(certificate.notAfter) ? undefined : 'expired';
}

function unknownBecause(sentence: string): Judged {
  return { standing: 'unknown', sentence };
}
