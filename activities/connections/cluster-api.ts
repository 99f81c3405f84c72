import type { Detour } from './api-ways.ts';
import type { ClusterConnection } from './cluster.ts';
import { connectKubernetes, type Kubernetes, type KubernetesOptions } from './kubernetes.ts';
import type { NodeLane } from './node-lane.ts';

export const API_PORT = 6443;
/** So long the next activities begin with the way that was found, before they give the endpoint another try. */
const REMEMBERED_MS = 30_000;

/**
 * A cluster's API: by its endpoint or, where that does not answer, through the first master of the inventory whose own API
 * server does, if the lane can carry a connection there. One way is kept as long as it works.
 */
export function connectTo(
  cluster: ClusterConnection,
  { dial }: Pick<NodeLane, 'dial'>,
  options: Pick<KubernetesOptions, 'budget' | 'signal' | 'timeoutMs'>,
): Promise<Kubernetes> {
  if (!dial) return connectKubernetes({ ...cluster.api, ...options });
  const masters = Object.keys(cluster.masters).map((name) => ({ name, dial: () => dial(name, API_PORT) }));
  return connectKubernetes({ ...cluster.api, ...options, masters, memory: memoryOf(cluster) });
}

const detours = new Map<string, { detour: Detour; until: number }>();

/** An endpoint that swallows packets costs seconds before it is given up: not in each of twenty activities. */
function memoryOf({ name, api }: ClusterConnection): NonNullable<KubernetesOptions['memory']> {
  const key = JSON.stringify([name, api.kubeconfig, api.context ?? null]);
  return {
    recall() {
      const known = detours.get(key);
      return known && performance.now() < known.until ? known.detour : undefined;
    },
    note(detour) {
      if (detour) detours.set(key, { detour, until: performance.now() + REMEMBERED_MS });
      else detours.delete(key);
    },
  };
}
