import 'reflect-metadata';
import { Pkcs10CertificateRequest, X509Certificate } from '@peculiar/x509';
import type { CertificateFacts } from '../../domain/control-plane.ts';
import { redact, verbatim } from '../redact.ts';

const subjectAlternativeName = '2.5.29.17';

/** Undefined for what is not a certificate. */
export function readCertificate(pem: string): CertificateFacts | undefined {
  try {
    const certificate = new X509Certificate(pem);
    return {
      commonName: oneOf(certificate.subjectName.getField('CN')),
      organizations: certificate.subjectName.getField('O').map((one) => verbatim(one)),
      issuer: redact(certificate.issuer),
      notBefore: certificate.notBefore.toISOString(),
      notAfter: certificate.notAfter.toISOString(),
      serial: redact(certificate.serialNumber.toUpperCase(), 80),
    };
  } catch {
    return undefined;
  }
}

export interface ReadRequest {
  commonName: string;
  organizations: string[];
  hasSubjectAlternativeNames: boolean;
}

/** `spec.request` of a CertificateSigningRequest: base64 of a PEM. Undefined for what is not one. */
export function readRequest(base64: string): ReadRequest | undefined {
  try {
    const request = new Pkcs10CertificateRequest(Buffer.from(base64, 'base64').toString('utf8'));
    return {
      commonName: oneOf(request.subjectName.getField('CN')),
      organizations: request.subjectName.getField('O').map((one) => verbatim(one)),
      hasSubjectAlternativeNames: request.getExtension(subjectAlternativeName) !== null,
    };
  } catch {
    return undefined;
  }
}

/** Two common names are nobody's: joined, they equal no name that anyone expects. */
function oneOf(names: string[]): string {
  return verbatim(names.join('+'));
}
