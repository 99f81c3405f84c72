import type {
  AdminKubeconfig,
  ClientFile,
  KubeletEvidence,
  KubeletIdentity,
} from '../../domain/control-plane.ts';
import { redact, verbatim } from '../redact.ts';
import { readCertificate } from './certificates.ts';
import { hash, need, type Values } from './values.ts';

/**
 * Whom the API server takes the kubelet for, and what lies on the node with which it could be somebody again. Pure; throws
 * when the node script did not say it: then nothing is known to be absent.
 */
export function parseCredentials(
  values: Values,
): Pick<KubeletEvidence, 'identity' | 'clientFiles' | 'adminKubeconfigs'> {
  return {
    identity: parseIdentity(values),
    clientFiles: numbered(values, 'client', parseClientFile),
    adminKubeconfigs: numbered(values, 'admin', parseAdminKubeconfig),
  };
}

function parseIdentity(values: Values): KubeletIdentity {
  const accepted = answerOf(need(values, 'identity.accepted'));
  const detail = redact(values['identity.detail'] ?? '', 200);
  if (accepted !== 'yes') return { accepted, detail };
  const groups = (values['identity.groups'] ?? '').split('\n').filter((group) => group !== '');
  return {
    accepted,
    detail,
    username: verbatim(need(values, 'identity.username')),
    groups: groups.map((group) => verbatim(group)),
  };
}

/** Undefined from `parse`: there is no such file. The script numbers at most twenty. */
function numbered<T>(
  values: Values,
  kind: string,
  parse: (field: (name: string) => string | undefined) => T | undefined,
): T[] {
  const found: T[] = [];
  for (let number = 0; number < 20; number += 1) {
    const one = parse((name) => values[`${kind}.${number}.${name}`]);
    if (one !== undefined) found.push(one);
  }
  return found;
}

function parseClientFile(field: (name: string) => string | undefined): ClientFile | undefined {
  const path = field('path');
  if (path === undefined) return undefined;
  const certificate = readCertificate(field('pem') ?? '');
  return {
    path: verbatim(path),
    sha256: hash(field('sha256') ?? '', `the hash of ${redact(path, 100)}`),
    isCurrent: field('current') === 'yes',
    ...(certificate ? { certificate } : {}),
    keyMatches: field('keyMatches') === 'yes',
    accepted: answerOf(field('accepted')),
  };
}

/** One that holds no certificate is none with which anything could be done. */
function parseAdminKubeconfig(field: (name: string) => string | undefined): AdminKubeconfig | undefined {
  const certificate = readCertificate(field('embeddedPem') ?? '');
  const path = field('path');
  if (path === undefined || !certificate) return undefined;
  const tlsServerName = field('tlsServerName') ?? '';
  return {
    path: verbatim(path),
    sha256: hash(field('sha256') ?? '', `the hash of ${redact(path, 100)}`),
    server: verbatim(field('server') ?? ''),
    caSha256: field('caSha256') === 'missing' ? 'missing' : hash(field('caSha256') ?? '', 'caSha256'),
    ...(tlsServerName === '' ? {} : { tlsServerName: verbatim(tlsServerName) }),
    commonName: certificate.commonName,
    organizations: certificate.organizations,
    notAfter: certificate.notAfter,
  };
}

function answerOf(text: string | undefined): KubeletIdentity['accepted'] {
  return text === 'yes' || text === 'rejected' ? text : 'unknown';
}
