import { waitUntil } from '../cluster/wait.ts';
import type { Lab } from '../handle.ts';
import { during, type Progress } from '../host/progress.ts';
import { ETCD, readNode, type EtcdResource } from './board.ts';
import { isStable } from './rules/revisions.ts';

const WITHIN_MS = 10 * 60_000;

/**
 * Waits until every master runs the etcd pod that the operator has written: the pods of the lab's own installation are
 * replaced one after the other.
 */
export async function untilOperatorSettled(
  lab: Lab,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (lab.platform === 'none') return;
  const text = "the etcd operator's first revision on three masters";
  const work = () => waitUntil(text, () => settled(lab), { withinMs: WITHIN_MS, everyMs: 1000, signal });
  await during(progress, text, work, { usually: '2 min' });
}

async function settled({ api, masters }: Lab): Promise<true | string> {
  const { status = {} } = await api.get<EtcdResource>(ETCD);
  const { latestAvailableRevision: latest = 0 } = status;
  const nodes = (status.nodeStatuses ?? []).map(readNode);
  const made = await api.get(`/api/v1/namespaces/openshift-etcd/configmaps/revision-status-${latest}`).then(
    () => true,
    () => false,
  );
  if (!made) return 'no revision yet';
  if (nodes.length === masters.length && isStable(nodes, latest)) return true;
  return nodes
    .map(({ nodeName, currentRevision }) => `${nodeName} is at revision ${currentRevision}`)
    .join(', ');
}
