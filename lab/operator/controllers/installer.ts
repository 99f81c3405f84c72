import type { Operator, Sync } from '../context.ts';
import { newNodeStatus } from '../board.ts';
import { create, NAMESPACE, remove } from '../objects.ts';
import type { PodObject } from '../operand.ts';
import { installerPod } from '../pods/installer-pod.ts';
import { missingPodCondition, pendingInstallerCondition, type Installed } from '../rules/conditions.ts';
import {
  installerConditions,
  installerName,
  nodeToInstall,
  progressOf,
  retryDelayMs,
  type InstallerState,
} from '../rules/installer.ts';
import type { NodeStatus } from '../rules/types.ts';
import type { View } from '../view.ts';

const SOURCE = 'installer-controller';
/** Seconds. */
const FIRST_WAIT = 2;
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;

/** InstallerController: brings the latest revision to one node after the other. It knows nothing of the quorum. */
export const syncInstaller: Sync = async (view, operator) => {
  const { board } = operator;
  const latest = board.latest();
  if (latest === 0) return;
  const before = view.masters.map(
    ({ name }) => board.nodes().find(({ nodeName }) => nodeName === name) ?? newNodeStatus(name),
  );
  const turn = nodeToInstall(before, latest, view.operands);
  const after = turn && (await moveOn(view, operator, turn));
  const nodes = before.map((node) => (node === turn && after ? after : node));
  board.setNodes(nodes);
  board.report(
    ...installerConditions(nodes, latest, view.operands),
    pendingInstallerCondition(pending(view), new Date()),
    missingPodCondition(installed(view), view.operands, new Date()),
  );
};

async function moveOn(view: View, operator: Operator, status: NodeStatus): Promise<NodeStatus> {
  const { board, record, api } = operator;
  const { nodeName } = status;
  const pod = view.pods.find(({ metadata }) => metadata.name === installerName(status));
  const operand = view.operands.find(({ node }) => node === nodeName);
  const after = progressOf({ status, latest: board.latest(), installer: stateOf(pod), operand });
  if (after.targetRevision > status.targetRevision) {
    const from = status.currentRevision;
    record(
      SOURCE,
      'NodeTargetRevisionChanged',
      `Updating node "${nodeName}" from revision ${from} to ${after.targetRevision}`,
    );
    for (const old of unfinished(view, nodeName)) await remove(api, `${PODS}/${old.metadata.name}`);
    return after;
  }
  if (after.currentRevision !== status.currentRevision) {
    record(SOURCE, 'StaticPodInstallerCompleted', `Successfully installed revision ${after.currentRevision}`);
    const { currentRevision: from } = status;
    record(
      SOURCE,
      'NodeCurrentRevisionChanged',
      `Updated node "${nodeName}" from revision ${from} to ${after.currentRevision} because static pod is ready`,
    );
    return after;
  }
  if (after === status && !pod) await install(view, operator, status);
  return after;
}

async function install(view: View, operator: Operator, status: NodeStatus): Promise<void> {
  const { api, due, images, log } = operator;
  const owner = view.object('configmap', `revision-status-${status.targetRevision}`)?.metadata.uid;
  const delay = status.lastFailedCount > 0 ? retryDelayMs(status.lastFailedCount) : 0;
  if (!owner || !due('installer', installerName(status), delay)) return;
  // What runs on the node was put there by its installation and by no operator: nobody works on such a cluster yet.
  const isFirst = !view.object('configmap', `revision-status-${status.currentRevision}`);
  const wait = isFirst ? FIRST_WAIT : operator.installerWait();
  await create(api, PODS, installerPod({ status, image: images.etcdImage, owner, wait }));
  log(`installer pod ${installerName(status)}`);
}

function stateOf(pod: PodObject | undefined): InstallerState {
  if (!pod) return 'absent';
  if (pod.status?.phase === 'Succeeded') return 'succeeded';
  return pod.status?.phase === 'Failed' ? 'failed' : 'running';
}

function unfinished(view: View, node: string): PodObject[] {
  return view.pods.filter(
    (pod) =>
      pod.metadata.labels?.['app'] === 'installer' &&
      pod.spec.nodeName === node &&
      stateOf(pod) === 'running',
  );
}

function pending(view: View) {
  return view.pods
    .filter(({ metadata, status }) => metadata.labels?.['app'] === 'installer' && status?.phase === 'Pending')
    .map(({ metadata, spec, status }) => ({
      name: metadata.name,
      node: spec.nodeName ?? '',
      startedAt: status?.startTime,
    }));
}

function installed(view: View): Installed[] {
  const all = view.pods.map(installedBy).filter((each) => each !== undefined);
  const isNewest = ({ node, revision }: Installed) =>
    all.every((other) => other.node !== node || other.revision <= revision);
  return all.filter(isNewest);
}

function installedBy(pod: PodObject): Installed | undefined {
  const [, revision] = /^installer-(\d+)-/.exec(pod.metadata.name) ?? [];
  const [container] = pod.status?.containerStatuses ?? [];
  const finishedAt = container?.state?.terminated?.finishedAt;
  if (revision === undefined || stateOf(pod) !== 'succeeded' || finishedAt === undefined) return undefined;
  return { node: pod.spec.nodeName ?? '', revision: Number(revision), finishedAt };
}
