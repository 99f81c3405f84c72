import { stringify } from 'yaml';

export interface BootstrapParts {
  server: string;
  tlsServerName: string;
  /** Certificate authorities, base64 of PEM. */
  ca: string;
  token: string;
}

/** The text of `/etc/kubernetes/kubeconfig`, in the form that OpenShift gives it. A secret: for the node's disk only. */
export function bootstrapKubeconfig({ server, tlsServerName, ca, token }: BootstrapParts): string {
  const cluster = {
    server,
    ...(tlsServerName === '' ? {} : { 'tls-server-name': tlsServerName }),
    'certificate-authority-data': ca,
  };
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'local', cluster }],
      users: [{ name: 'kubelet', user: { token } }],
      contexts: [{ name: 'kubelet', context: { cluster: 'local', user: 'kubelet' } }],
      'current-context': 'kubelet',
    },
    { lineWidth: 0 },
  ).trimEnd();
}

export interface TokenClaims {
  subject?: string;
  /** Seconds since 1970; a durable token has none. */
  expires?: number;
}

/** Undefined for what is not a JSON Web Token. The signature is the API server's business. */
export function claimsOf(token: string): TokenClaims | undefined {
  const [, payload, signature, ...more] = token.split('.');
  if (payload === undefined || !signature || more.length > 0) return undefined;
  try {
    const { sub, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as {
      sub?: unknown;
      exp?: unknown;
    };
    return {
      ...(typeof sub === 'string' ? { subject: sub } : {}),
      // An expiry in another form is an expiry all the same.
      ...(exp === undefined ? {} : { expires: typeof exp === 'number' ? exp : 0 }),
    };
  } catch {
    return undefined;
  }
}
