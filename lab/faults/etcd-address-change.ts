import { setTimeout as sleep } from 'node:timers/promises';
import { ETCD_CERTS, MANIFESTS } from '../cluster/paths.ts';
import { waitUntil } from '../cluster/wait.ts';
import type { Lab } from '../handle.ts';
import { during } from '../host/progress.ts';
import { plugCable } from '../node/network.ts';
import { pullPlug, startNode } from '../node/node.ts';
import { waitForSsh } from '../node/ssh.ts';
import { addressOf } from '../settings.ts';
import {
  etcdContainer,
  isEtcdHealthy,
  membersWithout,
  peerUrlOf,
  survivorOf,
  untilEtcdHealthy,
} from './etcd-members.ts';
import { rejoin } from './etcd-rejoin.ts';
import type { Fault, FaultOptions } from './fault.ts';
import { moveNode } from './move-node.ts';
import { on, untilHealthy } from './node-health.ts';
import { forget, isSaved, restoreFiles, saveFiles } from './saved.ts';

const NAME = 'etcd-address-change';
/**
 * Longer than the operator is blind (30 to 90 s, operator-behaviour fact 1): when the node is back, its gate is shut.
 * Changed within seconds instead, main's operator makes its revision while it still counts three, and heals alone (run D).
 */
const DOWN_MS = 100_000;

/** The case of the operating procedure: a master comes back under another address, its member under the old one. */
export const etcdAddressChange: Fault = {
  name: NAME,
  sentence:
    'The node was off and came back with another address; its etcd member is still known under the old one.',
  symptom:
    'The Node has another InternalIP than the etcd pod was made for: etcd-ensure-env-vars refuses, etcd does not ' +
    'start; the peers list the old address; two of three members are healthy, the API goes on.',
  heal: 'Give the node its first address again, and the member its files; replace the member if it was removed.',

  async break(lab, node, options) {
    await changeAddress(lab, node, { ...options, downMs: lab.platform === 'none' ? 0 : DOWN_MS });
  },
  healByForce,
};

/** The change with a time off of one's own: 5000 ms is what an operator does not notice in time. */
export async function changeAddress(
  lab: Lab,
  node: string,
  { progress, signal, downMs }: FaultOptions & { downMs: number },
): Promise<void> {
  const old = addressOf(lab.settings, node);
  if (lab.address(node) === old) {
    await saveFiles(lab, NAME, node, [`${MANIFESTS}/etcd-pod.yaml`, `${ETCD_CERTS}/secrets/etcd-all-certs`]);
    await rebootAs(lab, node, { progress, signal, downMs, to: otherAddress(old) });
  }
  const text = `${node}: its Node is at ${lab.address(node)}, its etcd does not start`;
  const probe = () => symptomIsThere(lab, node);
  await during(progress, text, () => waitUntil(text, probe, { withinMs: 5 * 60_000, signal }), {
    usually: '20 s',
  });
}

/** 10.78.0.13 becomes 10.78.0.23: no node has that, and no other node's can become it. */
export function otherAddress(address: string): string {
  const [last = '0', ...rest] = address.split('.').reverse();
  return [...rest.reverse(), String(Number(last) + 10)].join('.');
}

async function rebootAs(
  lab: Lab,
  node: string,
  { progress, signal, downMs, to }: FaultOptions & { downMs: number; to: string },
): Promise<void> {
  await during(progress, `${node}: off`, async () => {
    await pullPlug(lab.settings, node);
    // The network namespace outlives the node, and the kernel would go on answering for it.
    await plugCable(lab.settings, node, 'down');
  });
  if (downMs > 0) {
    const text = `${node}: stays off until its absence is noticed`;
    await during(progress, text, () => sleep(downMs, undefined, { signal }), {
      usually: `${downMs / 1000} s`,
    });
  }
  await during(progress, `${node}: back at ${to}`, async () => {
    await moveNode(lab, node, to);
    await plugCable(lab.settings, node, 'up');
    await startNode(lab.settings, node);
    await waitForSsh(lab.settings, node, signal);
  });
}

interface NodeObject {
  status: { addresses?: { type: string; address: string }[] };
}

interface EtcdPod {
  status?: { initContainerStatuses?: { name: string; state: ContainerState; lastState: ContainerState }[] };
}

interface ContainerState {
  terminated?: { exitCode: number };
}

/** True when the init container has refused the address, and etcd does not run. */
async function symptomIsThere(lab: Lab, node: string): Promise<true | string> {
  const { status } = await lab.api.get<NodeObject>(`/api/v1/nodes/${node}`);
  const internal = status.addresses?.find(({ type }) => type === 'InternalIP')?.address;
  if (internal !== lab.address(node)) return `the Node says ${internal}`;
  if (await etcdContainer(lab, node)) {
    await restartPod(lab, node);
    return 'etcd runs';
  }
  const pod = await lab.api.get<EtcdPod>(`/api/v1/namespaces/openshift-etcd/pods/etcd-${node}`);
  return hasRefused(pod) || 'etcd-ensure-env-vars has not refused yet';
}

function hasRefused({ status }: EtcdPod): boolean {
  const init = status?.initContainerStatuses?.find(({ name }) => name === 'etcd-ensure-env-vars');
  return [init?.state, init?.lastState].some((state) => (state?.terminated?.exitCode ?? 0) !== 0);
}

/**
 * A kubelet that has just booted may give its first pods the address that the API still has for the node, and etcd runs,
 * cut off from its peers, until its pod starts again. That start is what the incident is; here it comes at once.
 */
async function restartPod(lab: Lab, node: string): Promise<void> {
  const sandboxes = (await on(lab, node, 'crictl', 'pods', '-q', '--name', `^etcd-${node}$`)).split('\n');
  for (const id of sandboxes.filter(Boolean)) await on(lab, node, 'crictl', 'stopp', id);
}

async function healByForce(lab: Lab, node: string, { progress, signal }: FaultOptions): Promise<void> {
  const since = new Date();
  const old = addressOf(lab.settings, node);
  // A break that was cut off in the middle has left it off.
  await plugCable(lab.settings, node, 'up');
  await startNode(lab.settings, node);
  if (lab.address(node) !== old && !(await isEtcdHealthy(lab, node))) {
    await rebootAs(lab, node, { progress, signal, downMs: 0, to: old });
    const text = `${node}: etcd healthy at ${old}`;
    await during(progress, text, () => comeBack(lab, node, signal), { usually: '30 s' });
  }
  await untilHealthy(lab, node, since, signal);
  forget(lab, NAME, node);
}

/** What the node had before is right again, unless somebody has told its peers otherwise meanwhile. */
async function comeBack(lab: Lab, node: string, signal?: AbortSignal): Promise<void> {
  if (isSaved(lab, NAME, node)) await restoreFiles(lab, NAME, node);
  const mine = peerUrlOf(lab.address(node));
  const moved = peerUrlOf(otherAddress(lab.address(node)));
  const members = await membersWithout(lab, node);
  const there = members.some(({ peerUrl }) => peerUrl === mine);
  const elsewhere = members.find(({ peerUrl }) => peerUrl === moved);
  if (!there && elsewhere?.name === node) {
    await lab.etcdctl(survivorOf(lab, node), ['member', 'update', elsewhere.id, `--peer-urls=${mine}`]);
  } else if (!there) {
    return rejoin(lab, node, NAME, signal);
  }
  await untilEtcdHealthy(lab, node, signal);
}
