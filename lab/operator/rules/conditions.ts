import { OVERRIDE } from './gate.ts';
import type { Condition, Master, Operand, Verdict } from './types.ts';

/** Conditions of the real resource that nothing in the lab ever changes, as they were found on a healthy cluster. */
export const QUIET: readonly Verdict[] = [
  ...[
    'ScriptControllerDegraded',
    'MachineDeletionHooksControllerDegraded',
    'BackingResourceControllerDegraded',
    'EtcdStaticResourcesDegraded',
    'BootstrapTeardownDegraded',
    'DefragControllerDisabled',
    'DefragControllerDegraded',
    'EnvVarControllerDegraded',
  ].map((type): Verdict => ({ type, status: 'False', reason: 'AsExpected' })),
  ...[
    'InstallerControllerDegraded',
    'InstallerPodContainerWaitingDegraded',
    'InstallerPodNetworkingDegraded',
    'ResourceSyncControllerDegraded',
    'ConfigObservationDegraded',
  ].map((type): Verdict => ({ type, status: 'False' })),
  {
    type: 'EtcdBootstrapMemberRemoved',
    status: 'True',
    reason: 'BootstrapMemberRemoved',
    message: 'etcd bootstrap member is removed',
  },
  {
    type: 'EtcdRunningInCluster',
    status: 'True',
    reason: 'BootstrapAlreadyRemoved',
    message: 'etcd-bootstrap member is already removed',
  },
];

/**
 * The list after one condition was reported. The time of transition moves with the status alone: a condition that has
 * been False for hours may carry a message of this second.
 */
export function withCondition(list: readonly Condition[], reported: Verdict, now: string): Condition[] {
  const before = list.find(({ type }) => type === reported.type);
  const lastTransitionTime = before?.status === reported.status ? before.lastTransitionTime : now;
  const after = { ...reported, lastTransitionTime };
  return before ? list.map((each) => (each === before ? after : each)) : [...list, after];
}

/** What a controller's `WithSyncDegradedOnError` reports. */
export function syncCondition(controller: string, error: string | undefined): Verdict {
  const type = `${controller}Degraded`;
  if (error === undefined) return { type, status: 'False', reason: 'AsExpected' };
  return { type, status: 'True', reason: 'SyncError', message: error };
}

/**
 * Set is whatever is not null, even an empty object: taking only one's own key away leaves upgrades blocked with
 * "setting: []".
 */
export function overridesCondition(overrides: unknown): Verdict {
  const type = 'UnsupportedConfigOverridesUpgradeable';
  if (overrides === undefined || overrides === null) {
    return { type, status: 'True', reason: 'NoUnsupportedConfigOverrides' };
  }
  const keys = typeof overrides === 'object' ? Object.keys(overrides) : [];
  return {
    type,
    status: 'False',
    reason: 'UnsupportedConfigOverridesSet',
    message: `setting: [${keys.toSorted(ownKeyLast).join(' ')}]`,
  };
}

function ownKeyLast(left: string, right: string): number {
  return Number(left === OVERRIDE) - Number(right === OVERRIDE) || left.localeCompare(right);
}

/** Reason MasterNodesReady either way: it is no typing error here. */
export function nodesCondition(masters: readonly Master[]): Verdict {
  const type = 'NodeControllerDegraded';
  const reason = 'MasterNodesReady';
  const bad = masters.filter(({ ready }) => !ready);
  if (bad.length === 0) return { type, status: 'False', reason, message: 'All master nodes are ready' };
  const text = bad.map(
    (node) =>
      `node "${node.name}" not ready since ${goTime(node.since)} because ${node.reason} (${node.message})`,
  );
  return { type, status: 'True', reason, message: `The master nodes not ready: ${text.join(', ')}` };
}

/** "2026-11-22 17:39:16 +0000 UTC", as Go prints a time. */
function goTime(iso: string): string {
  const time = Date.parse(iso);
  if (Number.isNaN(time)) return iso;
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}

/** Containers in trouble. Init containers are not looked at: a refused address shows nowhere in the conditions. */
export function staticPodsCondition(operands: readonly Operand[]): Verdict {
  const troubles = operands.flatMap((operand) => operand.troubles);
  if (troubles.length === 0) return { type: 'StaticPodsDegraded', status: 'False' };
  return { type: 'StaticPodsDegraded', status: 'True', reason: 'Error', message: troubles.join('\n') };
}

/** A master without a mirror pod has nothing that a guard could guard. */
export function guardCondition(
  masters: readonly Master[],
  operands: readonly Pick<Operand, 'node'>[],
): Verdict {
  const missing = masters.filter(({ name }) => !operands.some(({ node }) => node === name));
  const text = missing.map(({ name }) => `Missing operand on node ${name}`);
  return syncCondition('GuardController', missing.length === 0 ? undefined : text.join('\n'));
}

/** An installer pod that is Pending; `startedAt` is the kubelet's first sign, absent when it never gave one. */
export interface PendingInstaller {
  name: string;
  node: string;
  startedAt: string | undefined;
}

const PENDING_MS = 5 * 60_000;

/** Needs `status.startTime`, which only a kubelet writes: with a dead kubelet this condition never comes. */
export function pendingInstallerCondition(pending: readonly PendingInstaller[], now: Date): Verdict {
  const type = 'InstallerPodPendingDegraded';
  const late = pending.filter(
    ({ startedAt }) => startedAt !== undefined && now.getTime() - Date.parse(startedAt) > PENDING_MS,
  );
  if (late.length === 0) return { type, status: 'False' };
  const text = late.map(
    ({ name, node, startedAt = '' }) =>
      `Pod "${name}" on node "${node}" is Pending since ${goTime(startedAt)} because the pod has not started`,
  );
  return { type, status: 'True', reason: 'Pending', message: text.join('\n') };
}

/** The newest installer pod that did its work on a node. */
export interface Installed {
  node: string;
  revision: number;
  /** ISO 8601. */
  finishedAt: string;
}

/** The static pod's grace period of 30 s, and 150 s. */
const SHOW_UP_MS = 180_000;

/** A manifest was written, and its pod has not come: the kubelet does not follow, or somebody took it away again. */
export function missingPodCondition(
  installed: readonly Installed[],
  operands: readonly Operand[],
  now: Date,
): Verdict {
  const missing = installed.filter(({ node, revision, finishedAt }) => {
    const isThere = operands.some((operand) => operand.node === node && operand.revision >= revision);
    return !isThere && now.getTime() - Date.parse(finishedAt) > SHOW_UP_MS;
  });
  const text = missing.map(
    ({ node, revision }) =>
      `static pod lifecycle failure - static pod: "etcd" in namespace: "openshift-etcd" for revision: ${revision} on node: "${node}" didn't show up, waited: 3m0s`,
  );
  return syncCondition('MissingStaticPodController', text.length === 0 ? undefined : text.join('\n'));
}
