import type { KubeletEvidence, MasterObservation, Observation } from '../control-plane.ts';
import { valueOf } from '../reading.ts';
import { certificateFault, isUnusableAsItStands, keptFiles } from './certificate.ts';
import type { Classification, KubeletClass, Seen } from './classes.ts';
import { consequencesOf } from './consequences.ts';
import { kubeletFacts } from './facts.ts';
import { isLeaseFresh, isOwnSubject, mastersGroup } from './identity.ts';
import { mirrorGaps } from './mirror-pods.ts';
import { bootstrapRequester, withdrawable } from './names.ts';
import { ownRequests } from './own-requests.ts';
import { ruledOut } from './ruled-out.ts';

type Judged = Pick<Classification, 'standing' | 'class' | 'sentence'>;

export function classify(master: MasterObservation, observation: Observation): Classification {
  const kubelet = valueOf(master.kubelet);
  const evidence = kubeletFacts(master);
  if (!kubelet) {
    const how = isReached(master) ? 'answers ssh, but could not be looked at' : 'cannot be reached over ssh';
    return {
      node: master.name,
      evidence,
      ...unknownBecause(`${master.name} ${how}`),
      ruledOut: [],
    };
  }
  const seen = { master, kubelet, observation };
  const judged = judge(seen);
  const isFault = judged.standing === 'lost' || judged.standing === 'latent';
  if (!isFault) return { node: master.name, evidence, ...judged, ruledOut: [] };
  return {
    node: master.name,
    evidence: [...evidence, ...consequencesOf(master, observation)],
    ...judged,
    ruledOut: ruledOut(seen, judged.class),
  };
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
  const isGood = certificateFault(kubelet) === undefined && foreignSubject(seen) === undefined;
  const since = isGood ? undefined : kubelet.unit.startedAt;
  const authenticates = isLeaseFresh(node.leaseRenewedAt, kubelet.nodeTime, since);
  const foreign = foreignIdentity(seen, authenticates);
  if (foreign) return foreign;
  if (!authenticates) return hostFault(seen) ?? lostFault(seen);
  return latentFault(seen) ?? leftAdmin(seen) ?? servingFault(seen);
}

function isStopped({ unit }: KubeletEvidence): boolean {
  return ['inactive', 'failed', 'deactivating'].includes(unit.activeState);
}

/** Also where only its kubeconfig is: every renewal is then requested as cluster-admin. */
function foreignIdentity(seen: Seen, authenticates: boolean): Judged | undefined {
  const subject = foreignSubject(seen);
  if (subject === undefined) return undefined;
  return {
    standing: authenticates ? 'latent' : 'lost',
    class: 'C7',
    sentence: `the kubelet on ${seen.master.name} has the identity of another: ${subject}`,
  };
}

function foreignSubject({ master, kubelet }: Seen): string | undefined {
  const { clientCertificate: certificate, kubeconfig } = kubelet;
  if (certificate.state === 'present' && !isOwnSubject(certificate, master.name))
    return `O=${certificate.organizations.join('+')}, CN=${certificate.commonName}`;
  const embedded = kubeconfig.state === 'present' ? (kubeconfig.embeddedOrganizations ?? []) : [];
  return embedded.includes(mastersGroup)
    ? `its kubeconfig holds a certificate of ${mastersGroup}`
    : undefined;
}

/** What a person's fix, or a break-glass rung that was never brought to its end, leaves behind. */
function leftAdmin({ master, kubelet }: Seen): Judged | undefined {
  const left = kubelet.adminCredentials.filter((path) => withdrawable(path));
  if (left.length === 0) return undefined;
  return {
    standing: 'latent',
    class: 'C7',
    sentence: `the kubelet on ${master.name} is itself, but cluster-admin is left beside it (${left.join(', ')})`,
  };
}

/** It works, from memory: the file is read again at the next start or renewal. So nobody may restart it. */
function latentFault({ master, kubelet }: Seen): Judged | undefined {
  const wrong = certificateFault(kubelet);
  if (!wrong) return undefined;
  return {
    standing: 'latent',
    class: isUnusableAsItStands(wrong) ? 'C6' : 'C3',
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
  if (isUnusableAsItStands(wrong)) {
    return {
      standing: 'lost',
      class: 'C6',
      sentence: `the client certificate of the kubelet on ${master.name} is ${wrong}`,
    };
  }
  return keptFault(seen, wrong) ?? requestFault(seen) ?? bootstrapFault(seen, wrong);
}

/** C3's other half: nothing has to be issued where a valid certificate still lies there. */
function keptFault({ master, kubelet }: Seen, certificate: string): Judged | undefined {
  const [kept] = keptFiles(kubelet, master.name);
  if (!kept) return undefined;
  return {
    standing: 'lost',
    class: 'C3',
    sentence: `the client certificate of the kubelet on ${master.name} is ${certificate}, and a valid one lies beside it (${kept.path})`,
  };
}

/** Also what a certificate of an unknown authority looks like: only the API server's own log says so. */
function unexplained(node: string): Judged {
  const sentence = `the kubelet on ${node} does not renew its lease, though its client certificate is its own and not expired`;
  return { standing: 'ailing', class: 'C0', sentence };
}

/** C1, C2: the kubelet that runs now has asked already. */
function requestFault(seen: Seen): Judged | undefined {
  const { master } = seen;
  const own = ownRequests(seen);
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
  if (file.embeddedOrganizations?.includes(mastersGroup)) return lost('C5', 'is cluster-admin');
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

function unknownBecause(sentence: string): Judged {
  return { standing: 'unknown', sentence };
}
