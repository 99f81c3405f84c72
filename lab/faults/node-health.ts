import type { Lab } from '../handle.ts';
import { approvePending } from '../cluster/approver.ts';
import { missingMirrorPods, notReady, type MirrorPod } from '../cluster/health.ts';
import { MANIFESTS } from '../cluster/paths.ts';
import { waitUntil } from '../cluster/wait.ts';

/**
 * A kubelet that has waited for its certificate looks for its Node once a minute at worst, may lose a mirror pod in the making, and makes it again
 * within 90 s.
 */
const HEALTHY_MS = 5 * 60_000;

interface Lease {
  spec: { holderIdentity?: string; renewTime?: string; leaseDurationSeconds?: number };
}

interface NodeObject {
  status: { conditions: { type: string; status: string }[] };
}

/**
 * Waits until a node is healthy by what its kubelet has said since `since`: conditions and mirror pods of a kubelet
 * that is gone stay as they were, so only what is newer counts. Approves what the kubelet asks for, this node alone.
 */
export function untilHealthy(lab: Lab, node: string, since: Date, signal?: AbortSignal): Promise<void> {
  return until(lab, node, { since, signal, isWell: ({ ready }) => ready });
}

/**
 * The same of what the kubelet answers for: it has made every pod, and one of them that ends again and again is another fault's,
 * which would never be over while this one is waited for.
 */
export function untilKubeletHealthy(
  lab: Lab,
  node: string,
  since: Date,
  signal?: AbortSignal,
): Promise<void> {
  return until(lab, node, { since, signal, isWell: ({ ready, loops }) => ready || loops });
}

interface Awaited {
  since: Date;
  signal: AbortSignal | undefined;
  isWell: (pod: MirrorPod) => boolean;
}

async function until(lab: Lab, node: string, { since, signal, isWell }: Awaited): Promise<void> {
  const probe = async (): Promise<true | string> => {
    await approvePending(lab.api, { clientsOf: [node] });
    return isHealthy(lab, node, { since, isWell });
  };
  await waitUntil(`${node} healthy`, probe, { withinMs: HEALTHY_MS, signal });
}

async function isHealthy(
  lab: Lab,
  node: string,
  { since, isWell }: Pick<Awaited, 'since' | 'isWell'>,
): Promise<true | string> {
  const lease = await nodeLease(lab, node);
  if (!lease.renewTime || new Date(lease.renewTime) < since) return 'the lease has not been renewed';
  const ready = await notReady(lab.api, [node]);
  if (ready !== true) return ready;
  // Another fault may have taken a manifest away; its pod is not for this one to wait for.
  const manifests = (await on(lab, node, 'ls', MANIFESTS)).split('\n').filter(Boolean);
  const pods = await missingMirrorPods(lab.api, manifests.length, node, isWell);
  if (pods !== true) return pods;
  await lab.api.get(`/api/v1/nodes/${node}/proxy/healthz`);
  return true;
}

/** The kubelet's own sign of life. */
async function nodeLease(lab: Lab, node: string): Promise<Lease['spec']> {
  return leaseOf(lab, 'kube-node-lease', node);
}

export async function leaseOf(lab: Lab, namespace: string, name: string): Promise<Lease['spec']> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`;
  return (await lab.api.get<Lease>(path)).spec;
}

/** About 45 s after the kubelet's last sign of life. */
export async function untilUnknown(lab: Lab, node: string, signal?: AbortSignal): Promise<void> {
  const probe = async (): Promise<true | string> => {
    const { status } = await lab.api.get<NodeObject>(`/api/v1/nodes/${node}`);
    const ready = status.conditions.find(({ type }) => type === 'Ready')?.status ?? 'missing';
    return ready === 'Unknown' || `Ready is ${ready}`;
  };
  await waitUntil(`${node} Unknown`, probe, { withinMs: 2 * 60_000, everyMs: 1000, signal });
}

/** Runs a command as root on the node; a non-zero exit code is an error. */
export async function on(lab: Lab, node: string, ...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await lab.sh(node, argv);
  if (code === 0) return stdout;
  throw new Error(`${node}: ${argv.join(' ')} ended with exit code ${code}: ${stderr.trim()}`);
}
