import { failure } from '../failure.ts';
import { createApiWays, reasonOf, type Detour } from './api-ways.ts';
import type { Budget } from './budget.ts';
import { readKubeconfig, type ApiTarget } from './kubeconfig.ts';
import { errorFromStatus } from './kubernetes-errors.ts';
import { endpointWay, masterWay, type ApiWay, type MasterDoor } from './master-way.ts';

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
  /** The master through whose own API server it is reached now, because the endpoint did not answer; undefined: by the endpoint. */
  detour(): Detour | undefined;
  get<T>(path: string, query?: Record<string, string>): Promise<T>;
  /** Not repeated when the answer is lost: the caller reads back. */
  post<T>(path: string, body: unknown): Promise<T>;
  /** A question that is put with POST and changes nothing: asked again like a read. */
  review<T>(path: string, body: unknown): Promise<T>;
  put<T>(path: string, body: unknown): Promise<T>;
  /** `body`: DeleteOptions. */
  remove(path: string, body: object): Promise<unknown>;
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
  /** Masters whose own API server is asked when the endpoint does not answer, in this order. */
  masters?: readonly MasterDoor[];
  /** The way that was found lately, and what to do with the next one that is. */
  memory?: { recall: () => Detour | undefined; note: (detour: Detour | undefined) => void };
}

const CALL_TIMEOUT_MS = 5000;

export async function connectKubernetes(options: KubernetesOptions): Promise<Kubernetes> {
  const { budget, signal, timeoutMs = CALL_TIMEOUT_MS, memory } = options;
  const target = await readKubeconfig(options.kubeconfig, options.context);
  const limits = { budget, timeoutMs, signal };
  const ways = createApiWays(waysTo(target, options.masters), limits, memory?.recall(), memory?.note);
  let offset = 0;
  async function call<T>(
    method: string,
    path: string,
    body?: unknown,
    changes = method !== 'GET',
  ): Promise<T> {
    const what = `${method} ${path.split('?')[0]}`;
    const answer = await ways.ask({ method, path, body, changes }).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw failure('ApiUnreachable', `${what} at ${target.server}: ${reasonOf(error)}`);
    });
    if (answer.date !== undefined) offset = answer.date - Date.now();
    if (answer.status >= 300) throw errorFromStatus(what, answer.status, answer.text);
    return parseJson(answer.text, what) as T;
  }
  return {
    server: target.server,
    detour: () => ways.detour(),
    get: (path, query) => call('GET', query ? `${path}?${new URLSearchParams(query).toString()}` : path),
    post: (path, body) => call('POST', path, body),
    review: (path, body) => call('POST', path, body, false),
    remove: (path, body) => call('DELETE', path, body),
    put: (path, body) => call('PUT', path, body),
    patch: (path, body) => call('PATCH', path, body),
    delete: (path, body) => call('DELETE', path, body),
    clockOffsetMs: () => offset,
    close: () => ways.close(),
  };
}

function waysTo(target: ApiTarget, masters: readonly MasterDoor[] = []): [ApiWay, ...ApiWay[]] {
  // Every role of deploy/rbac may read the Node of a master; where it may not, the refusal is an answer as well.
  const probed = `/api/v1/nodes/${encodeURIComponent(masters[0]?.name ?? '')}`;
  return [
    endpointWay(target, probed, masters.length === 0),
    ...masters.map((master) => masterWay(target, master, probed)),
  ];
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Some proxies answer 200 with their own page.
    throw failure('ApiUnreachable', `${what}: the answer is not JSON: ${text.slice(0, 80)}`);
  }
}
