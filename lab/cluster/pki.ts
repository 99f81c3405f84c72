import 'reflect-metadata';
import { generateKeyPairSync, randomBytes, type webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
  type Extension,
  type JsonGeneralNames,
  type JsonName,
} from '@peculiar/x509';

/** A certificate and its private key, both PEM (the key in PKCS #8). */
export interface KeyPair {
  cert: string;
  key: string;
}

/** A certificate authority that can sign. */
export interface Signer extends KeyPair {
  certificate: X509Certificate;
  signingKey: webcrypto.CryptoKey;
}

export interface Request {
  /** May be longer than the 64 characters that OpenSSL enforces: node-bootstrapper's has 73. */
  commonName: string;
  organizations?: readonly string[];
  use: readonly ('client' | 'server')[];
  dnsNames?: readonly string[];
  addresses?: readonly string[];
  /** For faults: a certificate whose time is over. Default: since a minute ago, until the signer's end. */
  notBefore?: Date;
  notAfter?: Date;
}

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { ...CURVE, hash: 'SHA-256' } as const;
const TEN_YEARS_MS = 3650 * 24 * 3600 * 1000;
/** Nodes and host share one clock, yet a certificate that is valid from this very second has surprised before. */
const BACKDATE_MS = 60_000;
const EXTENDED = { client: ExtendedKeyUsage.clientAuth, server: ExtendedKeyUsage.serverAuth } as const;

/** A new self-signed authority. */
export async function makeSigner(commonName: string): Promise<Signer> {
  const keys = await crypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: subject({ commonName, use: [] }),
    notBefore: new Date(Date.now() - BACKDATE_MS),
    notAfter: new Date(Date.now() + TEN_YEARS_MS),
    keys,
    signingAlgorithm: SIGNATURE,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(
        KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign,
        true,
      ),
    ],
  });
  const key = await privatePem(keys.privateKey);
  return { cert: pem(certificate), key, certificate, signingKey: keys.privateKey };
}

/** An authority that was made before and lies on disk. */
export async function loadSigner({ cert, key }: KeyPair): Promise<Signer> {
  const [der] = PemConverter.decode(key);
  if (!der) throw new Error('The signer has no private key.');
  const signingKey = await crypto.subtle.importKey('pkcs8', der, CURVE, true, ['sign']);
  return { cert, key, certificate: new X509Certificate(cert), signingKey };
}

/** A leaf certificate with a new key. */
export async function issue(signer: Signer, request: Request): Promise<KeyPair> {
  const keys = await crypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: subject(request),
    issuer: signer.certificate.subjectName,
    notBefore: request.notBefore ?? new Date(Date.now() - BACKDATE_MS),
    notAfter: request.notAfter ?? signer.certificate.notAfter,
    publicKey: keys.publicKey,
    signingKey: signer.signingKey,
    signingAlgorithm: SIGNATURE,
    extensions: leafExtensions(request),
  });
  return { cert: pem(certificate), key: await privatePem(keys.privateKey) };
}

/** The key with which service account tokens are signed: RSA, as OpenShift's. */
export function makeServiceAccountKey(): { publicKey: string; privateKey: string } {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

function leafExtensions({ use, dnsNames = [], addresses = [] }: Request): Extension[] {
  const names: JsonGeneralNames = [
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...addresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
    new ExtendedKeyUsageExtension(use.map((usage) => EXTENDED[usage])),
    ...(names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : []),
  ];
}

function subject({ commonName, organizations = [] }: Request): JsonName {
  return [...organizations.map((name) => ({ O: [name] })), { CN: [commonName] }];
}

/** 16 random bytes; the first bit is clear, since a serial number is positive. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  const der = await crypto.subtle.exportKey('pkcs8', key);
  return `${PemConverter.encode(der, 'PRIVATE KEY')}\n`;
}
