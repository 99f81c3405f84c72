import type { Operator, Sync } from '../context.ts';
import { create, NAMESPACE, pathOf, remove } from '../objects.ts';
import { prunerName, prunerPod } from '../pods/pruner-pod.ts';
import { isStable, keptRevisions, REVISIONED } from '../rules/revisions.ts';
import type { View } from '../view.ts';

const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;

/** PruneController: old revisions leave the API, and once all nodes have arrived also the nodes' disks. */
export const syncPruner: Sync = async (view, operator) => {
  const { board } = operator;
  const kept = keptRevisions(board.nodes(), board.latest());
  await pruneObjects(view, operator, kept);
  if (isStable(board.nodes(), board.latest())) await pruneNodes(view, operator, kept);
};

async function pruneObjects(view: View, { api }: Operator, kept: readonly number[]): Promise<void> {
  for (const kind of ['configmap', 'secret'] as const) {
    for (const name of view.names(kind)) {
      const [, base, revision] = /^(.*)-(\d+)$/.exec(name) ?? [];
      const isCopy =
        base === 'revision-status' || REVISIONED.some((each) => each.kind === kind && each.name === base);
      if (isCopy && !kept.includes(Number(revision))) await remove(api, pathOf(kind, name));
    }
  }
}

async function pruneNodes(
  view: View,
  { api, board, images }: Operator,
  kept: readonly number[],
): Promise<void> {
  const revision = board.latest();
  const owner = view.object('configmap', `revision-status-${revision}`)?.metadata.uid;
  if (owner === undefined) return;
  for (const { name: node } of view.masters) {
    if (view.pods.some(({ metadata }) => metadata.name === prunerName(revision, node))) continue;
    await create(api, PODS, prunerPod({ node, revision, kept, image: images.etcdImage, owner }));
  }
}
