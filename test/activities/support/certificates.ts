import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  type Extension,
} from '@peculiar/x509';

export interface KeyedCertificate {
  pem: string;
  key: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A self-signed certificate, an hour old and an hour good unless `notAfter` says otherwise. */
export async function certificate(
  name: string,
  options: { notAfter?: Date; extensions?: Extension[] } = {},
): Promise<KeyedCertificate> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const made = await X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: options.notAfter ?? new Date(Date.now() + 3_600_000),
    extensions: options.extensions ?? [],
  });
  return { pem: `${made.toString('pem')}\n`, key: await privateKeyPem(keys.privateKey) };
}

let ofServer: Promise<KeyedCertificate> | undefined;

/** For 127.0.0.1 and localhost, and its own authority; made once for all tests. */
export function serverCertificate(): Promise<KeyedCertificate> {
  return (ofServer ??= servingCertificate('localhost'));
}

/** For 127.0.0.1 and this name. */
export function servingCertificate(name: string): Promise<KeyedCertificate> {
  return certificate(`CN=fake-api-${name}`, {
    notAfter: new Date(Date.now() + 86_400_000),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new SubjectAlternativeNameExtension([
        { type: 'ip', value: '127.0.0.1' },
        { type: 'dns', value: name },
      ]),
    ],
  });
}

/** `spec.request` of a CertificateSigningRequest. */
export async function certificateRequest(name: string, dnsName?: string): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name,
    keys,
    signingAlgorithm: algorithm,
    extensions: dnsName ? [new SubjectAlternativeNameExtension([{ type: 'dns', value: dnsName }])] : [],
  });
  return Buffer.from(request.toString('pem')).toString('base64');
}

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  const lines = der.match(/.{1,64}/g) ?? [];
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n');
}

/** Looks like a service account's token; its signature is nobody's. */
export function token(claims: { sub?: string; exp?: number; [name: string]: unknown }): string {
  return [JSON.stringify({ alg: 'RS256', kid: 'k' }), JSON.stringify(claims), 'signature-of-nobody']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');
}
