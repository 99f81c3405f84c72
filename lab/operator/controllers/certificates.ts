import { X509Certificate } from '@peculiar/x509';
import { issue, loadSigner, makeSigner, type KeyPair, type Request, type Signer } from '../../cluster/pki.ts';
import { askGate, type Operator, type Sync } from '../context.ts';
import { apply, type DataObject } from '../objects.ts';
import {
  allCertsKeysOf,
  HOSTNAMES,
  hostnamesOf,
  mayRenew,
  NODE_CERTIFICATES,
  NOT_AFTER,
  staleBecause,
} from '../rules/certificates.ts';
import { sharedRevision, type Content } from '../rules/revisions.ts';
import type { Master } from '../rules/types.ts';
import type { View } from '../view.ts';

const TYPE = 'EtcdCertSignerControllerDegraded';
const SOURCE = 'etcd-cert-signer-controller';
type Kind = (typeof NODE_CERTIFICATES)[number];

/** CN and O of each certificate. */
const SUBJECTS: Record<Kind, [string, string]> = {
  'etcd-peer': ['system:etcd-peer:etcd-client', 'system:etcd-peers'],
  'etcd-serving': ['system:etcd-server:etcd-client', 'system:etcd-servers'],
  'etcd-serving-metrics': ['system:etcd-metric:etcd-client', 'system:etcd-metrics'],
};

/**
 * EtcdCertSignerController: three secrets for each node, and their copy in `etcd-all-certs`, which is what the pods get.
 * On newer releases it stands still during a roll-out, on 4.16 while the gate is shut.
 */
export const syncCertificates: Sync = async (view, operator) => {
  const { board, profile } = operator;
  const gate = askGate('certificates', view, operator);
  if (gate === undefined) return;
  if (gate !== 'open') {
    const message = `EtcdCertSignerController can't evaluate whether quorum is safe: ${gate.why}`;
    return board.report({ type: TYPE, status: 'True', reason: 'Error', message });
  }
  const allowed = mayRenew({
    waitsForStableRevision: profile.waitsForStableRevision,
    sharedRevision: sharedRevision(board.nodes()),
    allCertsKeys: keysOf(view.object('secret', 'etcd-all-certs')),
    masters: view.masters.map(({ name }) => name),
    hasBundles: view.object('configmap', 'etcd-all-bundles') !== undefined,
  });
  if (allowed !== true) return sayOnce(operator, allowed);
  sayOnce(operator, '');
  board.report({ type: TYPE, status: 'False', reason: 'AsExpected' });
  const signers = await ensureSigners(view, operator);
  // Never a copy of what is about to be replaced: with its keys complete again nothing would be renewed any more.
  if (await ensureNodeCertificates(view, operator, signers)) await ensureAllCertificates(view, operator);
};

const said = new WeakMap<Operator, string>();

/** It would log the same line every second. */
function sayOnce(operator: Operator, line: string): void {
  if (said.get(operator) !== line && line) operator.log(line);
  said.set(operator, line);
}

interface Signers {
  etcd: Signer;
  metrics: Signer;
}

async function ensureSigners(view: View, operator: Operator): Promise<Signers> {
  const etcd = await ensureSigner(view, operator, 'etcd-signer', async () => ({
    cert: operator.pki.read('etcd-signer.crt'),
    key: operator.pki.read('etcd-signer.key'),
  }));
  const metrics = await ensureSigner(view, operator, 'etcd-metric-signer', () =>
    makeSigner('openshift-etcd_etcd-metric-signer'),
  );
  const bundles: Record<string, Content> = {
    'etcd-ca-bundle': { 'ca-bundle.crt': etcd.cert },
    'etcd-metrics-ca-bundle': { 'ca-bundle.crt': metrics.cert },
    'etcd-all-bundles': { 'server-ca-bundle.crt': etcd.cert, 'metrics-ca-bundle.crt': metrics.cert },
  };
  for (const [name, data] of Object.entries(bundles)) {
    await apply(operator.api, view.object('configmap', name), { kind: 'configmap', name, data });
  }
  return { etcd, metrics };
}

async function ensureSigner(
  view: View,
  operator: Operator,
  name: string,
  make: () => Promise<KeyPair>,
): Promise<Signer> {
  const before = view.object('secret', name);
  const pair = before ? pairOf(before) : await make();
  const data = { 'tls.crt': encode(pair.cert), 'tls.key': encode(pair.key) };
  const labels = { 'auth.openshift.io/managed-certificate-type': 'signer' };
  await apply(operator.api, before, { kind: 'secret', name, data, labels, type: 'kubernetes.io/tls' });
  return loadSigner(pair);
}

/** Resolves to whether all of them were current already: what has just been renewed is so only in the next view. */
async function ensureNodeCertificates(view: View, operator: Operator, signers: Signers): Promise<boolean> {
  const { due, profile, record } = operator;
  const stale = view.masters.flatMap((master) =>
    NODE_CERTIFICATES.flatMap((kind) => {
      const before = view.object('secret', `${kind}-${master.name}`);
      const reason = staleBecause(before?.metadata.annotations, hostnamesOf(master.address), new Date());
      return reason === undefined ? [] : [{ kind, master, before, reason }];
    }),
  );
  const need =
    stale.map(({ kind, master, reason }) => `${kind} ${master.name} ${reason}`).join('\n') || undefined;
  const first = view.object('secret', 'etcd-all-certs') === undefined;
  if (!due('certificates', need, first ? 0 : profile.lag.secrets)) return need === undefined;
  for (const { kind, master, before, reason } of stale) {
    const name = `${kind}-${master.name}`;
    record(
      SOURCE,
      'TargetUpdateRequired',
      `"${name}" in "openshift-etcd" requires a new target cert/key pair: ${reason}`,
    );
    await writeCertificate(
      operator,
      before,
      kind,
      master,
      kind === 'etcd-serving-metrics' ? signers.metrics : signers.etcd,
    );
    record(SOURCE, 'SecretUpdated', `Updated Secret/${name} -n openshift-etcd because it changed`);
  }
  return false;
}

async function writeCertificate(
  { api }: Operator,
  before: DataObject | undefined,
  kind: Kind,
  { name, address }: Master,
  signer: Signer,
): Promise<void> {
  const hostnames = hostnamesOf(address);
  const pair = await issue(signer, requestOf(kind, hostnames));
  const { notBefore, notAfter } = new X509Certificate(pair.cert);
  await apply(api, before, {
    kind: 'secret',
    name: `${kind}-${name}`,
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': encode(pair.cert), 'tls.key': encode(pair.key) },
    labels: { 'auth.openshift.io/managed-certificate-type': 'target' },
    annotations: {
      [HOSTNAMES]: hostnames.join(','),
      'auth.openshift.io/certificate-issuer': signer.certificate.subjectName.getField('CN')[0] ?? '',
      'auth.openshift.io/certificate-not-before': seconds(notBefore),
      [NOT_AFTER]: seconds(notAfter),
      'openshift.io/owning-component': 'etcd',
    },
  });
}

function requestOf(kind: Kind, hostnames: readonly string[]): Request {
  const [commonName, organization] = SUBJECTS[kind];
  return {
    commonName,
    organizations: [organization],
    use: ['server', 'client'],
    addresses: hostnames.filter(isAddress),
    dnsNames: hostnames.filter((name) => !isAddress(name)),
  };
}

function isAddress(name: string): boolean {
  return /^[\d.]+$/.test(name) || name.includes(':');
}

/** One secret for all, so that a change of several certificates is one revision. */
async function ensureAllCertificates(view: View, operator: Operator): Promise<void> {
  const { api, due, profile } = operator;
  const data: Record<string, string> = {};
  for (const { name } of view.masters) {
    for (const key of allCertsKeysOf(name)) {
      const secret = view.object('secret', key.slice(0, key.lastIndexOf('.')));
      const value = secret?.data?.[key.endsWith('.crt') ? 'tls.crt' : 'tls.key'];
      // Every secret must be there first: the next view has those that were just made.
      if (value === undefined) return;
      data[key] = value;
    }
  }
  const before = view.object('secret', 'etcd-all-certs');
  const isCurrent = before && Object.entries(data).every(([key, value]) => before.data?.[key] === value);
  const need = isCurrent ? undefined : JSON.stringify(data);
  if (!due('etcd-all-certs', need, before ? profile.lag.allCerts : 0)) return;
  const annotations = { 'openshift.io/owning-component': 'Etcd' };
  await apply(api, before, { kind: 'secret', name: 'etcd-all-certs', data, annotations, type: 'Opaque' });
  operator.record(
    SOURCE,
    'SecretUpdated',
    'Updated Secret/etcd-all-certs -n openshift-etcd because it changed',
  );
}

function keysOf(object: DataObject | undefined): string[] | undefined {
  return object && Object.keys(object.data ?? {});
}

function pairOf({ data = {} }: DataObject): KeyPair {
  return { cert: decode(data['tls.crt'] ?? ''), key: decode(data['tls.key'] ?? '') };
}

function seconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
