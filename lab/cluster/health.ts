import type { Lab } from '../handle.ts';
import type { Api } from './api.ts';

interface Condition {
  type: string;
  status: string;
}

interface ApiObject {
  metadata: { name: string; namespace?: string; annotations?: Record<string, string> };
  spec: { nodeName?: string };
  status?: {
    conditions?: Condition[];
    containerStatuses?: { state?: { waiting?: { reason?: string } } }[];
  };
}

const MIRROR = 'kubernetes.io/config.mirror';

/** A mirror pod as the API has it. */
export interface MirrorPod {
  name: string;
  namespace: string;
  node: string;
  /** The hash of the manifest that the kubelet runs. */
  hash: string;
  ready: boolean;
  /** One of its containers ends again and again, and is waiting for its next start. */
  loops: boolean;
}

export async function mirrorPods(api: Api): Promise<MirrorPod[]> {
  const { items } = await api.get<{ items: ApiObject[] }>('/api/v1/pods');
  return items
    .filter(({ metadata }) => metadata.annotations?.[MIRROR] !== undefined)
    .map((pod) => ({
      name: pod.metadata.name,
      namespace: pod.metadata.namespace ?? '',
      node: pod.spec.nodeName ?? '',
      hash: pod.metadata.annotations?.[MIRROR] ?? '',
      ready: isReady(pod),
      loops: isLooping(pod),
    }));
}

/** True when all the nodes are Ready, else which are not. */
export async function notReady(api: Api, nodes: readonly string[]): Promise<true | string> {
  const ready = await readyNodes(api);
  const missing = nodes.filter((node) => !ready.includes(node));
  return missing.length === 0 || `not Ready: ${missing.join(', ')}`;
}

export async function readyNodes(api: Api): Promise<string[]> {
  const { items } = await api.get<{ items: ApiObject[] }>('/api/v1/nodes');
  return items.filter(isReady).map(({ metadata }) => metadata.name);
}

/** True when that many mirror pods are Ready, on `node` alone when it is given. `isWell`: what counts as Ready. */
export async function missingMirrorPods(
  api: Api,
  count: number,
  node?: string,
  isWell: (pod: MirrorPod) => boolean = (pod) => pod.ready,
): Promise<true | string> {
  const pods = (await mirrorPods(api)).filter((pod) => node === undefined || pod.node === node);
  const ready = pods.filter(isWell).length;
  return ready === count || `${ready} of ${count} mirror pods are Ready`;
}

/** True when the API server reaches every kubelet, which it does only over a serving certificate it trusts. */
export async function unreachableKubelets(lab: Lab): Promise<true | string> {
  for (const node of lab.masters) await lab.api.get(`/api/v1/nodes/${node}/proxy/healthz`);
  return true;
}

function isLooping({ status }: ApiObject): boolean {
  return (status?.containerStatuses ?? []).some(({ state }) => state?.waiting?.reason === 'CrashLoopBackOff');
}

function isReady({ status }: ApiObject): boolean {
  return (status?.conditions ?? []).some(
    (condition) => condition.type === 'Ready' && condition.status === 'True',
  );
}
