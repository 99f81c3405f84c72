import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { createBudget, noLimits } from './budget.ts';
import { API_PORT, connectTo } from './cluster-api.ts';
import { masterOf, type ClusterConnection } from './cluster.ts';
import type { Kubernetes } from './kubernetes.ts';
import type { NodeLane } from './node-lane.ts';
import {
  nodePodContainer,
  nodePodNamespace,
  POD_LIFE_MS,
  readPinnedImage,
  removeForgottenPods,
  removeNodePod,
  startNodePod,
} from './node-pod.ts';
import { execBounded } from './pod-exec.ts';
import { laneOver } from './script-lane.ts';

/** A pod is kept so long for the next script: an activity runs several. */
const IDLE_MS = 10_000;
/** Of a pod's life that must be left when a script begins, beyond what it may take. */
const SPARE_MS = 60_000;

interface Standing {
  name: string;
  madeAt: number;
  users: number;
  idle?: NodeJS.Timeout;
}

/** By cluster and master; of this process. */
const standing = new Map<string, Promise<Standing>>();

/**
 * For clusters where nobody may use ssh: scripts run from a short-lived privileged pod on the master. It needs the API and that
 * master's kubelet, so a master whose kubelet is broken cannot be reached by it.
 */
export function createPodLane(cluster: ClusterConnection, idleMs = IDLE_MS): NodeLane {
  // Without ssh the masters' own API servers are dialled as they stand.
  const dial = (node: string, port: number) => connect(port, masterOf(cluster, node).address);
  const withApi = async <T>(signal: AbortSignal, work: (api: Kubernetes) => Promise<T>): Promise<T> => {
    const api = await connectTo(cluster, { dial }, { budget: createBudget(noLimits()), signal });
    try {
      return await work(api);
    } finally {
      api.close();
    }
  };

  async function makePod(node: string, signal: AbortSignal): Promise<Standing> {
    const name = `node-${randomBytes(8).toString('hex')}`;
    await withApi(signal, async (api) => {
      await removeForgottenPods(api, node, Date.now() + api.clockOffsetMs());
      const image = cluster.nodePod?.image ?? (await readPinnedImage(api, node));
      await startNodePod(api, { name, node, image }, signal).catch(async (error: unknown) => {
        await remove(name);
        throw error;
      });
    });
    return { name, madeAt: performance.now(), users: 0 };
  }

  /** Over a connection of its own: that of a call which was given up carries nothing any more. */
  async function remove(name: string): Promise<void> {
    // One that cannot be removed now ends by itself, and the next call finds it.
    await withApi(AbortSignal.timeout(30_000), (api) => removeNodePod(api, name)).catch(() => {});
  }

  async function drop(key: string, pod: Standing): Promise<void> {
    clearTimeout(pod.idle);
    standing.delete(key);
    await remove(pod.name);
  }

  async function take(key: string, node: string, needsMs: number, signal: AbortSignal): Promise<Standing> {
    const there = await standing.get(key)?.catch(() => undefined);
    const isOldAt = POD_LIFE_MS - needsMs - SPARE_MS;
    if (there && (there.users > 0 || performance.now() - there.madeAt < isOldAt)) return there;
    if (there) await drop(key, there);
    const making = standing.get(key) ?? makePod(node, signal);
    standing.set(key, making);
    return await making.catch((error: unknown) => {
      standing.delete(key);
      throw error;
    });
  }

  const scripts = laneOver(cluster, 'a pod', async ({ node }, text, limits) => {
    const { address } = masterOf(cluster, node);
    const signal = limits.signal ?? AbortSignal.timeout(limits.timeoutMs + 60_000);
    const key = JSON.stringify([cluster.name, cluster.api.kubeconfig, node, address]);
    const pod = await take(key, node, limits.timeoutMs, signal);
    pod.users += 1;
    clearTimeout(pod.idle);
    try {
      const through = await wayOfNow(signal);
      const command = ['chroot', '/host', '/bin/bash', '-s'];
      const place = {
        ...cluster.api,
        through,
        namespace: nodePodNamespace,
        pod: pod.name,
        container: nodePodContainer,
        command,
      };
      const end = await execBounded(place, text, limits);
      if (end.cut !== undefined || end.code !== 0) pod.madeAt = Number.NEGATIVE_INFINITY;
      return end;
    } finally {
      pod.users -= 1;
      if (pod.users === 0) pod.idle = setTimeout(() => void drop(key, pod), idleMs);
    }
  });

  /** An exec cannot be tried again when it breaks: it begins where the API was found a moment ago. */
  async function wayOfNow(signal: AbortSignal) {
    const detour = await withApi(signal, async (api) => {
      await api.get('/version');
      return api.detour();
    });
    if (detour === undefined) return undefined;
    const { address } = masterOf(cluster, detour.master);
    const host = address.includes(':') ? `[${address}]` : address;
    return { server: `https://${host}:${API_PORT}`, tlsServerName: 'localhost' };
  }

  return { ...scripts, dial };
}
