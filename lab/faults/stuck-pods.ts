import { ApiError } from '../cluster/api.ts';
import { waitUntil } from '../cluster/wait.ts';
import type { Lab } from '../handle.ts';
import { during } from '../host/progress.ts';
import type { Fault } from './fault.ts';
import { metal3Deployment, METAL3, METAL3_NAMESPACE } from './metal3.ts';

interface PodObject {
  metadata: { name: string; deletionTimestamp?: string; labels?: Record<string, string> };
  spec: { nodeName?: string; containers: { image: string }[] };
  status: { phase: string; startTime?: string; conditions?: { type: string; status: string }[] };
}

const INSTALLERS = 'openshift-kube-controller-manager';
const WAIT_MS = 60_000;

export const installerPodPending: Fault = {
  name: 'installer-pod-pending',
  sentence: "An operator's installer pod is bound to the node, and its kubelet does not take it up.",
  symptom:
    'installer-7-<node> in openshift-kube-controller-manager is Pending without a startTime, and no operator has a condition for ' +
    'that; a kubelet that works would run it: break that first.',
  heal: 'Delete the pod.',

  async break(lab, node, { progress, signal }) {
    await during(progress, `${node}: an installer pod that nobody takes up`, async () => {
      if (!(await podNamed(lab, INSTALLERS, installer(node)))) {
        await lab.api.send('POST', podsOf(INSTALLERS), await installerPod(lab, node));
      }
      const what = `${installer(node)} Pending`;
      await waitUntil(what, () => isIgnored(lab, node), { withinMs: 20_000, signal });
    });
  },

  async healByForce(lab, node, { progress }) {
    await during(progress, `${node}: the installer pod is deleted`, () =>
      deleteNow(lab, `${podsOf(INSTALLERS)}/${installer(node)}`),
    );
  },
};

/**
 * Bare metal's controller: one replica and strategy Recreate, so that in a roll-out a pod which cannot end keeps the next one from
 * coming. A pod that is only deleted would be replaced at once.
 */
export const metal3Stuck: Fault = {
  name: 'metal3-stuck',
  sentence:
    'The deployment metal3 is rolled out anew while its pod stands on the node, and the kubelet does not end that pod.',
  symptom:
    'The pod is Terminating for ever, and the deployment, of strategy Recreate, makes no new ReplicaSet; a kubelet that works would end ' +
    'it: break that first.',
  heal: 'Delete the deployment and its pods.',

  async break(lab, node, { progress, signal }) {
    await during(progress, `${node}: metal3's pod is Terminating`, async () => {
      const { name } = await placeMetal3(lab, node, signal);
      const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() };
      await lab.api.send('PATCH', `${METAL3}/metal3`, { spec: { template: { metadata: { annotations } } } });
      const stuck = async () => (await metal3Pods(lab)).some(isStuckOn(node)) || 'no pod is Terminating';
      await waitUntil(`${name} Terminating`, stuck, { withinMs: 20_000, signal });
    });
  },

  async healByForce(lab, _node, { progress }) {
    await during(progress, 'metal3 is deleted', async () => {
      await deleteNow(lab, `${METAL3}/metal3`);
      for (const { metadata } of await metal3Pods(lab)) {
        await deleteNow(lab, `${podsOf(METAL3_NAMESPACE)}/${metadata.name}`);
      }
    });
  },
};

/**
 * The deployment, with its pod on this node: running when the kubelet works. The other masters take no new pod for the
 * moment in which the scheduler chooses.
 */
async function placeMetal3(lab: Lab, node: string, signal?: AbortSignal): Promise<{ name: string }> {
  const others = lab.masters.filter((master) => master !== node);
  await ensure(lab, '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: METAL3_NAMESPACE },
  });
  await cordon(lab, others, true);
  try {
    await ensure(lab, METAL3, metal3Deployment(await anImage(lab)));
    let name = '';
    const bound = async () => {
      name = (await metal3Pods(lab)).find((pod) => pod.spec.nodeName === node)?.metadata.name ?? '';
      return name !== '' || 'no pod is bound to it';
    };
    await waitUntil(`metal3 on ${node}`, bound, { withinMs: WAIT_MS, signal });
    return { name };
  } finally {
    await cordon(lab, others, false);
  }
}

async function cordon(lab: Lab, nodes: readonly string[], unschedulable: boolean): Promise<void> {
  for (const node of nodes) await lab.api.send('PATCH', `/api/v1/nodes/${node}`, { spec: { unschedulable } });
}

function installer(node: string): string {
  return `installer-7-${node}`;
}

async function installerPod(lab: Lab, node: string): Promise<object> {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: installer(node), namespace: INSTALLERS, labels: { app: 'installer' } },
    spec: {
      nodeName: node,
      automountServiceAccountToken: false,
      priorityClassName: 'system-node-critical',
      restartPolicy: 'Never',
      tolerations: [{ operator: 'Exists' }],
      containers: [
        {
          name: 'installer',
          image: await anImage(lab),
          imagePullPolicy: 'IfNotPresent',
          command: ['/bin/sh', '-c', 'echo nothing to install'],
        },
      ],
    },
  };
}

/** One that every master has: there is no registry. */
async function anImage(lab: Lab): Promise<string> {
  const { items } = await lab.api.get<{ items: PodObject[] }>('/api/v1/namespaces/openshift-etcd/pods');
  const image = items.find(({ metadata }) => /^etcd-master-\d$/.test(metadata.name))?.spec.containers[0]
    ?.image;
  if (image === undefined) throw new Error('no etcd pod is there to take an image from');
  return image;
}

async function isIgnored(lab: Lab, node: string): Promise<true | string> {
  const pod = await podNamed(lab, INSTALLERS, installer(node));
  if (pod?.status.phase === 'Pending' && pod.status.startTime === undefined) return true;
  return pod ? `it is ${pod.status.phase}: the kubelet of ${node} has taken it up` : 'it is not there';
}

function isStuckOn(node: string): (pod: PodObject) => boolean {
  return ({ metadata, spec }) => metadata.deletionTimestamp !== undefined && spec.nodeName === node;
}

async function metal3Pods(lab: Lab): Promise<PodObject[]> {
  const { items } = await lab.api.get<{ items: PodObject[] }>(podsOf(METAL3_NAMESPACE));
  return items.filter(({ metadata }) => metadata.labels?.['app'] === 'metal3');
}

async function podNamed(lab: Lab, namespace: string, name: string): Promise<PodObject | undefined> {
  const { items } = await lab.api.get<{ items: PodObject[] }>(podsOf(namespace));
  return items.find(({ metadata }) => metadata.name === name);
}

function podsOf(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/pods`;
}

async function ensure(lab: Lab, path: string, body: object): Promise<void> {
  await lab.api.send('POST', path, body).catch(unlessStatus(409));
}

async function deleteNow(lab: Lab, path: string): Promise<void> {
  await lab.api.send('DELETE', `${path}?gracePeriodSeconds=0`).catch(unlessStatus(404));
}

function unlessStatus(status: number): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof ApiError && error.status === status)) throw error;
  };
}
