import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '../failure.ts';
import type { Kubernetes } from './kubernetes.ts';
import { isNotFound } from './kubernetes-errors.ts';
import type { ObjectList, PodObject } from './objects.ts';

/** Only for these pods: whoever may exec in it is root on every master (deploy/rbac/50-pod-lane.yaml). */
export const nodePodNamespace = 'control-plane-recovery-nodes';
export const nodePodContainer = 'shell';
const nodeLabel = 'control-plane-recovery/node';
const managedBy = 'app.kubernetes.io/managed-by';

/** The kubelet ends it after that by itself, whatever becomes of us. */
const POD_LIFE_S = 900;
export const POD_LIFE_MS = POD_LIFE_S * 1000;
const START_MS = 20_000;
const LOOK_EVERY_MS = 300;
/** One whose kubelet could not end it either is taken away all the same. */
const FORGOTTEN_AFTER_MS = POD_LIFE_MS + 60_000;

const podsPath = `/api/v1/namespaces/${nodePodNamespace}/pods`;

interface NodePod extends PodObject {
  spec?: { nodeName?: string; containers?: { name?: string; image?: string }[] };
  status?: PodObject['status'] & { reason?: string; message?: string };
}

/**
 * Makes a pod that sees the whole machine, and waits until it runs. It holds no secret and no script: those come over its
 * standard input. Throws `NodeUnreachable` when it does not start: its kubelet does not take it up. Whatever it throws, the pod may
 * be there, for an answer that was lost says nothing: the caller removes it.
 */
export async function startNodePod(
  api: Kubernetes,
  pod: { name: string; node: string; image: string },
  signal: AbortSignal,
): Promise<void> {
  await api.post(podsPath, podFor(pod));
  const until = performance.now() + START_MS;
  for (;;) {
    const { status } = await api.get<NodePod>(`${podsPath}/${pod.name}`);
    if (status?.phase === 'Running') return;
    if (status?.phase === 'Failed' || performance.now() >= until) {
      throw failure(
        'NodeUnreachable',
        `${pod.node}: the pod on it did not start within ${START_MS / 1000} s: ${wordsOf(status)}`,
      );
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

function wordsOf({ phase = 'no phase', reason = '', message = '' }: NodePod['status'] = {}): string {
  return `${phase} ${reason} ${message}`.trim();
}

export async function removeNodePod(api: Kubernetes, name: string): Promise<void> {
  await api.remove(`${podsPath}/${name}`, { gracePeriodSeconds: 0 }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
}

/** What killed workers have left on this master: pods that have ended, or should have. One that runs may be another worker's. */
export async function removeForgottenPods(api: Kubernetes, node: string, now: number): Promise<void> {
  const query = { labelSelector: `${managedBy}=control-plane-recovery,${nodeLabel}=${node}`, limit: '100' };
  const { items = [] } = await api.get<ObjectList<NodePod>>(podsPath, query);
  for (const { metadata, status } of items) {
    const age = now - Date.parse(metadata?.creationTimestamp ?? '');
    const hasEnded = status?.phase === 'Succeeded' || status?.phase === 'Failed';
    if (metadata?.name !== undefined && (hasEnded || age > FORGOTTEN_AFTER_MS))
      await removeNodePod(api, metadata.name);
  }
}

const pinned = /@sha256:[0-9a-f]{64}$/;

/**
 * The image of the etcd member on that master: it is there already, of the cluster's own release, and pinned by its digest.
 * Throws `PreconditionFailed` where no master has such a one.
 */
export async function readPinnedImage(api: Kubernetes, node: string): Promise<string> {
  const path = '/api/v1/namespaces/openshift-etcd/pods';
  const { items = [] } = await api.get<ObjectList<NodePod>>(path, {
    labelSelector: 'app=etcd',
    limit: '100',
  });
  const own = items.toSorted((one, other) => rank(one, node) - rank(other, node));
  const images = own.flatMap(
    ({ spec }) => spec?.containers?.find(({ name }) => name === 'etcd')?.image ?? [],
  );
  const image = images.find((one) => pinned.test(one));
  if (image !== undefined) return image;
  throw failure(
    'PreconditionFailed',
    `no etcd pod names an image that is pinned by its digest: set nodePod.image in the inventory`,
  );
}

function rank({ spec }: NodePod, node: string): number {
  return spec?.nodeName === node ? 0 : 1;
}

function podFor({ name, node, image }: { name: string; node: string; image: string }): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: nodePodNamespace,
      labels: { [managedBy]: 'control-plane-recovery', [nodeLabel]: node },
    },
    spec: {
      // Bound without the scheduler, and without a network of its own: either may be what is sick.
      nodeName: node,
      hostNetwork: true,
      hostPID: true,
      restartPolicy: 'Never',
      activeDeadlineSeconds: POD_LIFE_S,
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      tolerations: [{ operator: 'Exists' }],
      containers: [
        {
          name: nodePodContainer,
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['/bin/sh', '-c', `exec sleep ${POD_LIFE_S}`],
          securityContext: { privileged: true, runAsUser: 0 },
          resources: { requests: { cpu: '10m', memory: '16Mi' } },
          volumeMounts: [{ name: 'host', mountPath: '/host' }],
        },
      ],
      volumes: [{ name: 'host', hostPath: { path: '/', type: 'Directory' } }],
    },
  };
}
