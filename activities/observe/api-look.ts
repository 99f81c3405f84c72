import type { ApiEndpoint } from '../../domain/control-plane.ts';
import { known, unknown, type Reading, type Unknown } from '../../domain/reading.ts';
import type { Budget } from '../connections/budget.ts';
import type { ClusterConnection } from '../connections/cluster.ts';
import { connectTo } from '../connections/cluster-api.ts';
import type { Kubernetes } from '../connections/kubernetes.ts';
import type { NodeLane } from '../connections/node-lane.ts';
import * as reads from '../connections/reads.ts';
import { sentenceOf, typeOf } from '../failure.ts';

/** Of a single call: a busy API server is slow, a dead one would be waited for by each. */
const CALL_TIMEOUT_MS = 8000;

/** One look's connection to the API: what its first call found out decides whether the others are made. */
export interface ApiLook {
  /** Undefined when the kubeconfig itself cannot be used. */
  api: Kubernetes | undefined;
  /** What the first call found: when it fails, the others are not made. */
  endpoint: Promise<Reading<ApiEndpoint>>;
}

/** Never throws: what cannot be reached is unknown. Close `api` when the look is over. */
export async function lookAtApi(
  cluster: ClusterConnection,
  lane: NodeLane,
  budget: Budget,
  signal: AbortSignal,
): Promise<ApiLook> {
  const source = 'GET /version';
  try {
    const api = await connectTo(cluster, lane, { budget, signal, timeoutMs: CALL_TIMEOUT_MS });
    const endpoint = reads.readVersion(api).then(
      ({ gitVersion }) => known(endpointOf(api, gitVersion ?? ''), source),
      (error: unknown) => unreadable(error, source),
    );
    return { api, endpoint };
  } catch (error) {
    return { api: undefined, endpoint: Promise.resolve(unreadable(error, source)) };
  }
}

/** How the API was reached in the end: the endpoint may have failed in the middle of the look. */
export async function reachedBy({ api, endpoint }: ApiLook): Promise<Reading<ApiEndpoint>> {
  const first = await endpoint;
  if (!api || !first.known) return first;
  return { ...first, value: { ...endpointOf(api, first.value.version), clockAheadMs: api.clockOffsetMs() } };
}

function endpointOf(api: Kubernetes, version: string): ApiEndpoint {
  const detour = api.detour();
  return { server: api.server, version, ...(detour && { through: detour }) };
}

/** One value, or why it could not be had. */
export async function read<T>(
  look: ApiLook,
  source: string,
  how: (api: Kubernetes) => Promise<T>,
): Promise<Reading<T>> {
  const endpoint = await look.endpoint;
  if (!endpoint.known || !look.api) {
    return endpoint.known
      ? unknown('no API connection', source)
      : unknown(endpoint.why, source, endpoint.cause);
  }
  return how(look.api).then(
    (value) => known(value, source),
    (error: unknown) => unreadable(error, source),
  );
}

export function unreadable(error: unknown, source: string): Unknown {
  return unknown(sentenceOf(error), source, typeOf(error));
}
