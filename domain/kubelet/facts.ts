import type { JournalCounts, KubeletEvidence, MasterObservation } from '../control-plane.ts';
import type { Reading } from '../reading.ts';
import type { Evidence } from '../verdict.ts';
import { mirrorGaps } from './mirror-pods.ts';
import { bootstrapPath, clientCertificatePath } from './names.ts';

/** Everything about one master's kubelet that a person would ask next, one line each. */
export function kubeletFacts(master: MasterObservation): Evidence[] {
  const { node, kubelet, mirrorPods } = master;
  const facts: Evidence[] = [
    factOf(node, `Node ${master.name}`, ({ ready, readyReason, readyMessage, leaseRenewedAt }) => {
      const why = [readyReason, readyMessage].filter((part) => part !== '').join(': ');
      return `Ready=${ready}${why === '' ? '' : ` (${why})`}, lease renewed ${leaseRenewedAt ?? 'never'}`;
    }),
  ];
  if (!kubelet.known) return [...facts, factOf(kubelet, `kubelet on ${master.name}`, () => '')];
  facts.push(...nodeFacts(kubelet.value).map((fact) => ({ fact, source: kubelet.source })));
  facts.push(
    factOf(mirrorPods, 'mirror pods', (pods) => {
      const gaps = mirrorGaps(kubelet.value, pods);
      return gaps.length === 0 ? 'one for every manifest' : gaps.join('; ');
    }),
  );
  return facts;
}

/** A reading as one line of evidence; what could not be read says so and why. */
export function factOf<T>(reading: Reading<T>, what: string, say: (value: T) => string): Evidence {
  const said = reading.known ? say(reading.value) : `could not be read (${reading.why})`;
  return { fact: `${what}: ${said}`, source: reading.source };
}

function nodeFacts(kubelet: KubeletEvidence): string[] {
  const { unit, nodeTime } = kubelet;
  const journal = journalFact(kubelet.journal);
  return [
    `kubelet.service: ${unit.activeState}/${unit.subState}, started ${unit.startedAt ?? 'never'}, restarts ${unit.restarts}, node time ${nodeTime}`,
    `client certificate ${clientCertificatePath}: ${certificateFact(kubelet)}`,
    `bootstrap credential ${bootstrapPath}: ${bootstrapFact(kubelet)}`,
    ...(journal === '' ? [] : [journal]),
  ];
}

function certificateFact({ clientCertificate: certificate }: KubeletEvidence): string {
  switch (certificate.state) {
    case 'missing':
      return 'missing';
    case 'dangling':
      return `a link to ${certificate.target}, which is missing`;
    case 'corrupt':
      return `corrupt (${certificate.detail})`;
    case 'present':
      return `O=${certificate.organizations.join('+')}, CN=${certificate.commonName}, issued by ${certificate.issuer}, valid until ${certificate.notAfter}${certificate.isSymlink ? '' : ', a regular file instead of a link'}`;
  }
}

function bootstrapFact({ bootstrap }: KubeletEvidence): string {
  const { file, accepted, detail, tokenSubject, tokenExpiresAt } = bootstrap;
  if (file.state === 'missing') return 'missing';
  if (file.state === 'unreadable') return `cannot be parsed (${file.detail})`;
  const token =
    tokenSubject === undefined
      ? ''
      : `, token of ${tokenSubject}, ${tokenExpiresAt === undefined ? 'without expiry' : `expires ${tokenExpiresAt}`}`;
  const answer = accepted === 'yes' ? 'accepted' : `${accepted} (${detail})`;
  return `${answer}${token}, server ${file.server}`;
}

/** In the words of the log, so that a person can search for them. */
const lines: [keyof Omit<JournalCounts, 'incomplete'>, string][] = [
  ['anonymousForbidden', '\'User "system:anonymous" cannot …\''],
  ['clientCertificateUnreadable', "'unable to read existing bootstrap client config'"],
  ['clientCertificateExpired', "'existing bootstrap client certificate … is expired'"],
  ['bootstrapFileMissing', "'unable to load bootstrap kubeconfig'"],
  ['csrRejected', "'cannot create certificate signing request: Unauthorized'"],
  ['exitingServerResponsive', "'… the server is responsive, exiting'"],
  ['waitingServerNotResponsive', "'… but the server is not responsive'"],
  ['corruptPem', "'could not convert data … into cert/key pair'"],
  ['apiUnreachable', 'API server not reached'],
  ['serverCertificateUntrusted', "API server's certificate not trusted"],
];

function journalFact(journal: JournalCounts): string {
  const counted = lines
    .filter(([name]) => journal[name] > 0)
    .map(([name, words]) => `${words} ${journal[name]} times`);
  const unread = journal.incomplete ? ['could not be read to its end, there may be more'] : [];
  const said = [...counted, ...unread];
  return said.length === 0
    ? ''
    : `kubelet's journal, last ${journal.windowMinutes} minutes: ${said.join(', ')}`;
}
