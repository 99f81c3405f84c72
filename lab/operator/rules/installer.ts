import type { NodeStatus, Operand, Verdict } from './types.ts';

/** What the installer pod of a node's target revision came to. */
export type InstallerState = 'absent' | 'running' | 'succeeded' | 'failed';

/** Retry of an installer that failed: 10 s, then half as long again each time, never over 10 minutes. */
export function retryDelayMs(failures: number): number {
  return Math.min(10_000 * 1.5 ** Math.max(0, failures - 1), 600_000);
}

/**
 * The node whose turn it is: one that is on its way already; else one whose pod is missing or not ready (so that a
 * roll-out takes down no second member); else the one with the oldest revision. Undefined when all have the latest.
 */
export function nodeToInstall(
  statuses: readonly NodeStatus[],
  latest: number,
  operands: readonly Operand[],
): NodeStatus | undefined {
  const behind = statuses.filter(({ currentRevision }) => currentRevision < latest);
  const inTransition = statuses.find(({ targetRevision }) => targetRevision !== 0);
  if (inTransition) return inTransition;
  const isReady = ({ nodeName }: NodeStatus) =>
    operands.some(({ node, ready }) => node === nodeName && ready);
  return behind.find((status) => !isReady(status)) ?? oldest(behind);
}

function oldest(statuses: readonly NodeStatus[]): NodeStatus | undefined {
  return statuses.toSorted((a, b) => a.currentRevision - b.currentRevision)[0];
}

interface Progress {
  status: NodeStatus;
  latest: number;
  installer: InstallerState;
  operand: Operand | undefined;
}

/**
 * A node's status after a look at it. A newer revision takes over at once, even from an installer that hangs; a node has
 * arrived only when the pod of exactly that revision runs and is ready. A pod that is never ready holds the roll-out
 * for ever: that is where a member waits that nobody adds.
 */
export function progressOf({ status, latest, installer, operand }: Progress): NodeStatus {
  if (status.targetRevision === 0) return { ...status, targetRevision: latest };
  if (status.targetRevision < latest) return { ...status, targetRevision: latest, lastFailedCount: 0 };
  if (installer === 'failed') {
    return {
      ...status,
      lastFailedRevision: status.targetRevision,
      lastFailedReason: 'InstallerFailed',
      lastFailedCount: status.lastFailedCount + 1,
    };
  }
  const arrived = installer === 'succeeded' && operand?.revision === status.targetRevision && operand.ready;
  if (!arrived) return status;
  return {
    ...status,
    currentRevision: status.targetRevision,
    targetRevision: 0,
    lastFailedRevision: 0,
    lastFailedReason: '',
    lastFailedCount: 0,
  };
}

/** `installer-3-master-2`, `installer-3-retry-1-master-2`. */
export function installerName({ nodeName, targetRevision, lastFailedCount }: NodeStatus): string {
  const retry = lastFailedCount > 0 ? `-retry-${lastFailedCount}` : '';
  return `installer-${targetRevision}${retry}-${nodeName}`;
}

/** NodeInstallerProgressing, NodeInstallerDegraded and StaticPodsAvailable. */
export function installerConditions(
  statuses: readonly NodeStatus[],
  latest: number,
  operands: readonly Operand[],
): Verdict[] {
  const where = revisionsText(statuses, latest);
  const behind = statuses.filter(({ currentRevision }) => currentRevision !== latest);
  const active = statuses.filter(({ currentRevision }) => currentRevision > 0).length;
  const failing = statuses.filter(({ lastFailedCount }) => lastFailedCount > 0);
  const someRun = operands.some(({ ready }) => ready) || active > 0;
  return [
    behind.length > 0
      ? { type: 'NodeInstallerProgressing', status: 'True', message: where }
      : {
          type: 'NodeInstallerProgressing',
          status: 'False',
          reason: 'AllNodesAtLatestRevision',
          message: where,
        },
    failing.length > 0
      ? {
          type: 'NodeInstallerDegraded',
          status: 'True',
          reason: 'InstallerPodFailed',
          message: failing.map(failureText).join('\n'),
        }
      : { type: 'NodeInstallerDegraded', status: 'False' },
    {
      type: 'StaticPodsAvailable',
      status: someRun ? 'True' : 'False',
      ...(someRun ? {} : { reason: 'ZeroNodesActive' }),
      message: `${active} nodes are active; ${where}`,
    },
  ];
}

function failureText({ nodeName, lastFailedRevision }: NodeStatus): string {
  return `1 nodes are failing on revision ${lastFailedRevision}:\n${nodeName}: installer pod failed`;
}

/** "3 nodes are at revision 2; 0 nodes have achieved new revision 3". */
function revisionsText(statuses: readonly NodeStatus[], latest: number): string {
  const revisions = [...new Set(statuses.map(({ currentRevision }) => currentRevision))].toSorted(
    (a, b) => a - b,
  );
  const counts = revisions.map((revision) => {
    const count = statuses.filter(({ currentRevision }) => currentRevision === revision).length;
    return count === 1 ? `1 node is at revision ${revision}` : `${count} nodes are at revision ${revision}`;
  });
  const none = revisions.includes(latest) ? [] : [`0 nodes have achieved new revision ${latest}`];
  return [...counts, ...none].join('; ');
}
