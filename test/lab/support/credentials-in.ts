import { X509Certificate } from 'node:crypto';

export interface NodeFile {
  path: string;
  content: Buffer;
}

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const BASE64 = /[A-Za-z0-9+/]{200,}={0,2}/g;
const TOKEN = /eyJ[\w-]+\.([\w-]+)\.[\w-]+/g;

/** Files that hold a certificate of the organization system:masters, as PEM or in base64 as kubeconfigs have it. */
export function adminCertificates(files: readonly NodeFile[]): string[] {
  return files.filter((file) => textsIn(file).some(holdsAdmin)).map(({ path }) => path);
}

/** Files that hold a token of node-bootstrapper which expires. */
export function temporaryTokens(files: readonly NodeFile[]): string[] {
  return files.filter((file) => textsIn(file).some(holdsTemporaryToken)).map(({ path }) => path);
}

/** The text itself, and whatever in it is base64 of something. */
function textsIn({ content }: NodeFile): string[] {
  const text = content.toString('latin1');
  const inner = [...text.matchAll(BASE64)].map(([found]) => Buffer.from(found, 'base64').toString('latin1'));
  return [text, ...inner];
}

function holdsAdmin(text: string): boolean {
  return [...text.matchAll(PEM)].some(([pem]) => {
    try {
      return new X509Certificate(pem).subject.split('\n').includes('O=system:masters');
    } catch {
      return false;
    }
  });
}

function holdsTemporaryToken(text: string): boolean {
  return [...text.matchAll(TOKEN)].some(([, payload = '']) => {
    try {
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<
        string,
        unknown
      >;
      return String(claims['sub']).endsWith(':node-bootstrapper') && 'exp' in claims;
    } catch {
      return false;
    }
  });
}
