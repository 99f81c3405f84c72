import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { addressOf, apiIntName, INFRA, type LabSettings } from '../settings.ts';
import type { ClusterPki } from './certificates.ts';

/** A minimal client of the lab's API; the lab itself must not depend on what it is there to test. */
export interface Api {
  get<T>(path: string): Promise<T>;
  send<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T>;
}

/** An answer that is not 2xx. */
export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function apiUrl(settings: LabSettings): string {
  return `https://${addressOf(settings, INFRA)}:6443`;
}

/** As system:admin, through the endpoint. */
export function adminApi(settings: LabSettings, pki: ClusterPki): Api {
  return openApi(settings, pki.read('kube-apiserver-server-ca.crt'), {
    cert: pki.read('admin.crt'),
    key: pki.read('admin.key'),
  });
}

export type ApiCredential = { cert: string; key: string } | { token: string };

export function openApi(settings: LabSettings, ca: string, credential: ApiCredential): Api {
  const connection = {
    host: addressOf(settings, INFRA),
    port: 6443,
    servername: apiIntName(settings),
    ca,
    // One connection per request: a kept one stays with an API server that has just been killed.
    agent: false as const,
    timeout: 10_000,
    ...('token' in credential ? {} : credential),
  };
  const authorization = 'token' in credential ? { authorization: `Bearer ${credential.token}` } : {};
  const once = <T>(method: string, path: string, body?: unknown): Promise<T> =>
    new Promise((resolve, reject) => {
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
      const headers = { accept: 'application/json', 'content-type': type, ...authorization };
      const out = request({ ...connection, method, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const status = response.statusCode ?? 0;
          if (status < 300) resolve(parse(text) as T);
          else reject(new ApiError(status, `${method} ${path}: ${status} ${messageOf(text)}`));
        });
      });
      out.on('timeout', () => out.destroy(new Error(`${method} ${path}: no answer within 10 s`)));
      out.on('error', reject);
      out.end(body === undefined ? undefined : JSON.stringify(body));
    });
  const call = <T>(method: string, path: string, body?: unknown) =>
    untilReady(() => once<T>(method, path, body));
  return { get: (path) => call('GET', path), send: (method, path, body) => call(method, path, body) };
}

const TOO_MANY_REQUESTS = 429;

/**
 * An API server that knows a custom resource of some seconds ago answers "storage is (re)initializing", with 429 and the
 * wish to be asked again: whoever asks for what has just been installed meets it on a busy machine.
 */
export async function untilReady<T>(
  ask: () => Promise<T>,
  { attempts = 60, everyMs = 500 } = {},
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      const later = error instanceof ApiError && error.status === TOO_MANY_REQUESTS && attempt < attempts;
      if (!later) throw error;
    }
    await sleep(everyMs);
  }
}

/** /readyz and its like answer with plain text. */
function parse(text: string): unknown {
  return text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text;
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text.slice(0, 200);
  }
}
