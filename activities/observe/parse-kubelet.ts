import type {
  BootstrapFile,
  ClientCertificate,
  Health,
  JournalCounts,
  Kubeconfig,
  KubeletEvidence,
  KubeletUnit,
} from '../../domain/control-plane.ts';
import { redact, verbatim } from '../redact.ts';
import { readCertificate } from './certificates.ts';
import { parseCredentials } from './parse-credentials.ts';
import { parseManifests } from './parse-manifests.ts';
import { parseTraces } from './parse-traces.ts';
import { count, hash, need, time, type Values } from './values.ts';

export interface NodeLook {
  kubelet: KubeletEvidence;
  etcd: Health;
  apiServer: Health;
}

/** Pure. Throws an Error that names the key which is missing or makes no sense: then nothing of the look is believed. */
export function parseNodeLook(values: Values): NodeLook {
  return {
    kubelet: {
      nodeName: verbatim(need(values, 'nodeName')),
      nodeTime: time(need(values, 'nodeTime'), 'nodeTime'),
      unit: parseUnit(need(values, 'unit')),
      clientCertificate: parseClientCertificate(values),
      ...parseCredentials(values),
      kubeconfig: parseKubeconfig(values, 'kubeconfig'),
      bootstrap: parseBootstrap(values),
      journal: parseJournal(values),
      ...parseManifests(values),
      adminCredentials: linesOf(need(values, 'admin')),
      temporaryCredentials: linesOf(need(values, 'temporary')),
      traces: parseTraces(values),
      disk: {
        freeBytes: count(need(values, 'disk'), 'disk'),
        writable: need(values, 'diskWritable').trim() === 'yes',
      },
    },
    etcd: parseEtcd(values),
    apiServer: healthOf(values, 'api', (body) => body.trim() === 'ok'),
  };
}

/** Output of `systemctl show`, in UTC. */
function parseUnit(text: string): KubeletUnit {
  const properties = new Map(
    text.split('\n').map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
  const activeState = properties.get('ActiveState');
  if (!activeState) throw new Error('unit: systemctl show says no ActiveState');
  const startedAt = parseSystemdTime(properties.get('ExecMainStartTimestamp') ?? '');
  return {
    activeState: verbatim(activeState, 40),
    subState: redact(properties.get('SubState') ?? '', 40),
    result: redact(properties.get('Result') ?? '', 40),
    restarts: count(properties.get('NRestarts') ?? '0', 'NRestarts'),
    ...(startedAt === undefined ? {} : { startedAt }),
    invocationId: verbatim(properties.get('InvocationID') ?? '', 64),
  };
}

/** `Sun 2026-11-22 20:31:08 UTC` → ISO 8601; undefined for a unit that never started. */
export function parseSystemdTime(text: string): string | undefined {
  const [, day, clock] = /^\w{3} (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC$/.exec(text.trim()) ?? [];
  return day === undefined ? undefined : new Date(`${day}T${clock}Z`).toISOString();
}

function parseClientCertificate(values: Values): ClientCertificate {
  const state = need(values, 'certState');
  if (state === 'missing') return { state };
  if (state === 'dangling') return { state, target: redact(values['certLink'] ?? '', 300) };
  if (state === 'corrupt') return { state, detail: redact(values['certDetail'] ?? '', 200) };
  if (state !== 'present') throw new Error(`certState: '${redact(state, 40)}' is not a state`);
  const certificate = readCertificate(need(values, 'certPem'));
  if (!certificate) return { state: 'corrupt', detail: 'the certificate cannot be parsed' };
  return { state, isSymlink: values['certLink'] !== undefined, ...certificate };
}

function parseKubeconfig(values: Values, prefix: 'kubeconfig' | 'bootstrap'): Kubeconfig {
  const field = (name: string) => values[`${prefix}.${name}`] ?? '';
  const state = need(values, `${prefix}.state`);
  if (state === 'missing') return { state };
  if (state === 'unreadable') return { state, detail: redact(field('detail'), 200) };
  if (state !== 'present') throw new Error(`${prefix}.state: '${redact(state, 40)}' is not a state`);
  return {
    state,
    sha256: hash(field('sha256'), `${prefix}.sha256`),
    server: verbatim(field('server')),
    caSha256: field('caSha256') === 'missing' ? 'missing' : hash(field('caSha256'), `${prefix}.caSha256`),
    ...(field('tlsServerName') === '' ? {} : { tlsServerName: verbatim(field('tlsServerName')) }),
    credential: credentialOf(field),
    ...(field('certificatePath') === '' ? {} : { certificatePath: verbatim(field('certificatePath')) }),
    ...(field('keyPath') === '' ? {} : { keyPath: verbatim(field('keyPath')) }),
    ...embeddedIn(field('embeddedPem')),
  };
}

/** One that cannot be read is nobody's, and still one. */
function embeddedIn(
  pem: string,
): Pick<
  Extract<Kubeconfig, { state: 'present' }>,
  'embeddedOrganizations' | 'embeddedCommonName' | 'embeddedNotAfter'
> {
  if (pem === '') return {};
  const certificate = readCertificate(pem);
  if (!certificate) return { embeddedOrganizations: [] };
  const { commonName, organizations, notAfter } = certificate;
  return {
    embeddedOrganizations: organizations,
    embeddedCommonName: commonName,
    embeddedNotAfter: notAfter,
  };
}

function credentialOf(
  field: (name: string) => string,
): Extract<Kubeconfig, { state: 'present' }>['credential'] {
  if (field('other') !== '') return 'other';
  if (field('certificatePath') !== '') return 'client-certificate-file';
  if (field('embeddedPem') !== '') return 'client-certificate-data';
  return field('token') === '' ? 'none' : 'token';
}

function parseBootstrap(values: Values): BootstrapFile {
  const accepted = need(values, 'accepted');
  const subject = values['bootstrap.tokenSubject'] ?? '';
  const expires = values['bootstrap.tokenExpires'] ?? '';
  return {
    file: parseKubeconfig(values, 'bootstrap'),
    accepted:
      accepted === 'yes' || accepted === 'rejected' || accepted === 'forbidden' ? accepted : 'unknown',
    detail: redact(values['acceptedDetail'] ?? '', 200),
    ...(subject === '' ? {} : { tokenSubject: verbatim(subject) }),
    ...(expires === '' ? {} : { tokenExpiresAt: new Date(count(expires, 'exp') * 1000).toISOString() }),
  };
}

const journalNames = [
  'anonymousForbidden',
  'clientCertificateUnreadable',
  'clientCertificateExpired',
  'bootstrapFileMissing',
  'csrRejected',
  'exitingServerResponsive',
  'waitingServerNotResponsive',
  'corruptPem',
  'certificateRotated',
  'apiUnreachable',
  'serverCertificateUntrusted',
] as const;

function parseJournal(values: Values): JournalCounts {
  const said = new Map(linesOf(need(values, 'journal')).map((line) => line.split('=') as [string, string]));
  const counts = journalNames.map((name) => [name, count(said.get(name) ?? '0', name)]);
  return {
    ...(values['journalCounted'] === 'yes' ? {} : { incomplete: true as const }),
    windowMinutes: count(need(values, 'journalWindow'), 'journalWindow'),
    ...(Object.fromEntries(counts) as Omit<JournalCounts, 'windowMinutes' | 'incomplete'>),
  };
}

/** OpenShift's readyz container beside etcd; where there is none, etcd's own health on its plain metrics address. */
function parseEtcd(values: Values): Health {
  const beside = healthOf(values, 'etcd', () => true);
  if (beside.detail !== 'connection refused') return beside;
  return healthOf(values, 'metrics', (body) => /"health"\s*:\s*"true"/.test(body));
}

/** `200`, `000 exit 7`: HTTP status, and curl's exit code when it failed. */
function healthOf(values: Values, name: string, isGood: (body: string) => boolean): Health {
  const body = values[`health.${name}.body`] ?? '';
  const [, status = '', exit] =
    /^(\d{3})(?: exit (\d+))?\s*$/.exec(need(values, `health.${name}.code`)) ?? [];
  if (status === '200' && exit === undefined && isGood(body)) return { healthy: true, detail: 'ok' };
  return {
    healthy: false,
    detail: exit === undefined && status !== '' ? saidOf(status, body) : noAnswer(exit),
  };
}

/** 401, 403: it answers, but not even this kubelet's certificate may ask how it is; unknown is not healthy. */
function saidOf(status: string, body: string): string {
  if (status === '401' || status === '403') return `HTTP ${status}: it answers, but does not say how it is`;
  return redact(`HTTP ${status}: ${body}`, 120);
}

function noAnswer(exit = '?'): string {
  if (exit === '7') return 'connection refused';
  return exit === '28' ? 'no answer within 3 s' : `curl: exit code ${exit}`;
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .slice(0, 400)
    .map((line) => redact(line, 300));
}
