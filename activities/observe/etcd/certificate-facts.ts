import 'reflect-metadata';
import { SubjectAlternativeNameExtension, X509Certificate } from '@peculiar/x509';
import { certificateSecrets } from '../../../domain/etcd/names.ts';
import type { CertificateFacts } from '../../../domain/etcd/observation.ts';
import type { SecretObject } from '../../connections/objects.ts';
import { verbatim } from '../../redact.ts';

/** The private key stands beside the certificate in every one of these secrets: only addresses and dates leave this file. */

export function factsOfSecret(name: string, secret: SecretObject | undefined): CertificateFacts {
  return factsOf(name, secret?.data?.['tls.crt']);
}

/** Keys of `etcd-all-certs` are `<secret>.crt` and `<secret>.key`; one that lacks its key is none. */
export function factsInAllCerts(node: string, secret: SecretObject | undefined): CertificateFacts[] {
  return certificateSecrets(node).map((name) => {
    const hasKey = (secret?.data?.[`${name}.key`] ?? '') !== '';
    return factsOf(name, hasKey ? secret?.data?.[`${name}.crt`] : undefined);
  });
}

function factsOf(name: string, base64: string | undefined): CertificateFacts {
  if (base64 === undefined || base64 === '') return { name, state: 'missing' };
  try {
    // The first of a chain is the one that is served.
    const [pem = ''] =
      /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(
        Buffer.from(base64, 'base64').toString('utf8'),
      ) ?? [];
    const certificate = new X509Certificate(pem);
    const names = certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
    return {
      name,
      state: 'present',
      addresses: names.filter(({ type }) => type === 'ip').map(({ value }) => verbatim(value, 60)),
      notBefore: certificate.notBefore.toISOString(),
      notAfter: certificate.notAfter.toISOString(),
    };
  } catch {
    return { name, state: 'unparsable' };
  }
}
