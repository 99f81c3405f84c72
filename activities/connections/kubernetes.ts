import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { KubeConfig } from '@kubernetes/client-node';
import { failure, sentenceOf } from '../failure.ts';
import type { Budget } from './budget.ts';
import { errorFromStatus, isConnectionCut } from './kubernetes-errors.ts';

/**
 * One cluster's API server, spoken to as it speaks: paths and JSON objects.
 *
 * client-node reads the kubeconfig (contexts, exec plug-ins, certificates, `tls-server-name`); the calls themselves are
 * plain, because a PUT must send back the very object that was read, and each call needs its own deadline and its cost.
 * Every call throws `ApiUnreachable` when nothing was answered in time, `ApiForbidden` for 401 and 403, an error for which
 * `isNotFound` or `isConflict` holds, or `PreconditionFailed` for any other refusal.
 */
export interface Kubernetes {
  /** From the kubeconfig: `https://api.prod-eu-1.example:6443`. */
  readonly server: string;
  get<T>(path: string, query?: Record<string, string>): Promise<T>;
  /** Not repeated when the answer is lost: the caller reads back. */
  post<T>(path: string, body: unknown): Promise<T>;
  put<T>(path: string, body: unknown): Promise<T>;
  /** A JSON patch (RFC 6902). One that does not apply, because a `test` fails or a path is gone, is a conflict. */
  patch<T>(path: string, body: unknown): Promise<T>;
  /** `body`: its DeleteOptions, with the preconditions. */
  delete<T>(path: string, body: unknown): Promise<T>;
  /** The API server's clock minus this host's, to the second, from its newest answer. */
  clockOffsetMs(): number;
  close(): void;
}

export interface KubernetesOptions {
  kubeconfig: string;
  context?: string;
  budget: Budget;
  /** Aborts every call under way. */
  signal?: AbortSignal;
  /** For each single call. */
  timeoutMs?: number;
}

const CALL_TIMEOUT_MS = 5000;

export async function connectKubernetes(options: KubernetesOptions): Promise<Kubernetes> {
  const { server, tls, agent } = await readKubeconfig(options);
  let offset = 0;
  async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
    options.budget.spendCall();
    const what = `${method} ${path.split('?')[0]}`;
    const answer = await exchange({ ...tls, agent, method }, server + path, body, options).catch((error) => {
      options.signal?.throwIfAborted();
      throw failure('ApiUnreachable', `${what} at ${server}: ${reasonOf(error)}`);
    });
    if (answer.date !== undefined) offset = answer.date - Date.now();
    if (answer.status >= 300) throw errorFromStatus(what, answer.status, answer.text);
    return parseJson(answer.text, what) as T;
  }
  return {
    server,
    get: (path, query) => call('GET', query ? `${path}?${new URLSearchParams(query).toString()}` : path),
    post: (path, body) => call('POST', path, body),
    put: (path, body) => call('PUT', path, body),
    patch: (path, body) => call('PATCH', path, body),
    delete: (path, body) => call('DELETE', path, body),
    clockOffsetMs: () => offset,
    close: () => agent.destroy(),
  };
}

/** Read anew for each activity: tokens in a kubeconfig are rotated while a worker lives for weeks. */
async function readKubeconfig({ kubeconfig, context }: KubernetesOptions) {
  try {
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig);
    if (context !== undefined) {
      if (!config.getContextObject(context)) throw new Error(`it has no context ${context}`);
      config.setCurrentContext(context);
    }
    const server = config.getCurrentCluster()?.server;
    if (!server) throw new Error('its current context names no cluster');
    if (!server.startsWith('https://')) throw new Error(`its server ${server} is not an https address`);
    const tls: RequestOptions = {};
    await config.applyToHTTPSOptions(tls);
    if (!(tls.agent instanceof Agent)) throw new Error('its proxy-url is of a kind that is not supported');
    // Several calls make up one look; a TLS handshake for each would cost more than the calls.
    tls.agent.options.keepAlive = true;
    Object.assign(tls.agent, { keepAlive: true });
    return { server: server.replace(/\/+$/, ''), tls, agent: tls.agent };
  } catch (error) {
    throw failure('ApiUnreachable', `kubeconfig ${kubeconfig}: ${sentenceOf(error)}`);
  }
}

interface Answer {
  status: number;
  text: string;
  date: number | undefined;
}

async function exchange(
  request: RequestOptions,
  url: string,
  body: unknown,
  { budget, signal, timeoutMs = CALL_TIMEOUT_MS }: KubernetesOptions,
): Promise<Answer> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const one = () =>
    send(request, url, body, { budget, signal: signal ? AbortSignal.any([signal, deadline]) : deadline });
  try {
    return await one();
  } catch (error) {
    // A load balancer closed an idle connection under us. Only a read may be repeated without looking.
    if (request.method === 'GET' && isConnectionCut(error) && !deadline.aborted) return one();
    throw deadline.aborted ? new Error(`no answer within ${timeoutMs / 1000} s`) : error;
  }
}

function send(
  request: RequestOptions,
  url: string,
  body: unknown,
  { budget, signal }: { budget: Budget; signal: AbortSignal },
): Promise<Answer> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const headers: Record<string, string | string[] | number | undefined> = {
    ...(request.headers as Record<string, string>),
    Accept: 'application/json',
    'User-Agent': 'control-plane-recovery',
  };
  if (payload !== undefined) {
    headers['Content-Type'] = request.method === 'PATCH' ? 'application/json-patch+json' : 'application/json';
    headers['Content-Length'] = Buffer.byteLength(payload);
  }
  return new Promise((resolve, reject) => {
    const call = httpsRequest(url, { ...request, headers, signal }, (response) => {
      readAll(response, budget).then(resolve, (error: unknown) => {
        response.destroy();
        reject(error instanceof Error ? error : new Error(String(error)));
      });
    });
    call.on('error', reject);
    call.end(payload);
  });
}

async function readAll(response: IncomingMessage, budget: Budget): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) {
    budget.spendBytes(chunk.length);
    chunks.push(chunk);
  }
  const date = Date.parse(response.headers.date ?? '');
  return {
    status: response.statusCode ?? 0,
    text: Buffer.concat(chunks).toString('utf8'),
    date: Number.isNaN(date) ? undefined : date,
  };
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Some proxies answer 200 with their own page.
    throw failure('ApiUnreachable', `${what}: the answer is not JSON: ${text.slice(0, 80)}`);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return sentenceOf(error.errors[0]);
  return sentenceOf(error);
}
