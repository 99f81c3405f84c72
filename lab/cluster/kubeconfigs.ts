import { stringify } from 'yaml';

/** What a kubeconfig says: one cluster, one user, one context. */
export interface KubeconfigParts {
  server: string;
  /** PEM. */
  ca: string;
  user: string;
  credential: { cert: string; key: string } | { token: string };
  /** Where the server is reached by an address that its certificate does not name. */
  tlsServerName?: string;
}

export function kubeconfig({ server, ca, user, credential, tlsServerName }: KubeconfigParts): string {
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'lab',
          cluster: {
            'certificate-authority-data': base64(ca),
            server,
            ...(tlsServerName === undefined ? {} : { 'tls-server-name': tlsServerName }),
          },
        },
      ],
      contexts: [{ name: user, context: { cluster: 'lab', user } }],
      'current-context': user,
      users: [{ name: user, user: userOf(credential) }],
    },
    { lineWidth: 0 },
  );
}

/**
 * A token stands alone: beside a client certificate it would be ignored without a word, and a test of what the
 * token may do would prove what the certificate may do.
 */
function userOf(credential: KubeconfigParts['credential']): Record<string, string> {
  if ('token' in credential) return { token: credential.token };
  return {
    'client-certificate-data': base64(credential.cert),
    'client-key-data': base64(credential.key),
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
