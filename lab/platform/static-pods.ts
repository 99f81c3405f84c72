import { isDeepStrictEqual } from 'node:util';
import type { Api } from '../cluster/api.ts';
import { mirrorPods, type MirrorPod } from '../cluster/health.ts';
import { clusterOperatorConditions } from '../operator/rules/cluster-operator.ts';
import { guardCondition, nodesCondition, withCondition } from '../operator/rules/conditions.ts';
import type { Condition, Master, Verdict } from '../operator/rules/types.ts';
import { masterOf, MASTERS, type NodeObject } from '../operator/view.ts';
import type { Loop } from './loops.ts';
import { CLUSTER_OPERATORS } from './objects/cluster.ts';
import { seconds } from './objects/object.ts';
import { operatorObjects, OTHER_STATIC_POD_OPERATORS } from './objects/operators.ts';

/** Library default: a condition must have lasted this long before the ClusterOperator is Degraded (kubelet-auth). */
const INERTIA_MS = 2 * 60_000;

/**
 * Stands in for the operators of kube-apiserver, kube-controller-manager and kube-scheduler as far as a recovery
 * reads them: what they say about nodes that are not Ready and about operands that are missing. They install nothing,
 * so their revision stays where it is. Sources: kubelet-auth, on GuardControllerDegraded, NodeControllerDegraded and
 * the inertia of ClusterOperators; etcd-recovery §3.7.
 */
export function staticPodOperatorsFollower(): Loop {
  return {
    name: 'static-pod-operators',
    everyMs: 5000,
    async step({ lab: { api }, now }) {
      const [{ items }, pods] = await Promise.all([
        api.get<{ items: NodeObject[] }>(MASTERS),
        mirrorPods(api),
      ]);
      const masters = items.map(masterOf);
      for (const operator of OTHER_STATIC_POD_OPERATORS) {
        const operands = pods.filter(({ namespace }) => namespace === operator.namespace);
        const own = await report(
          api,
          `${operatorObjects(operator)}/cluster`,
          verdicts(masters, operands),
          now,
        );
        const summary = clusterOperatorConditions(own, now, INERTIA_MS);
        await report(api, `${CLUSTER_OPERATORS}/${operator.clusterOperator}`, summary, now);
      }
    },
  };
}

/** Conditions of an operator's own resource, from its masters and the mirror pods of its operand. */
export function verdicts(masters: readonly Master[], operands: readonly MirrorPod[]): Verdict[] {
  // A node that is not Ready is passed over: an anonymous kubelet turns up as the node's condition alone.
  const ready = masters.filter((master) => master.ready);
  const active = operands.filter((operand) => operand.ready).length;
  const atRevision = `${masters.length} nodes are at revision 1`;
  return [
    nodesCondition(masters),
    guardCondition(ready, operands),
    {
      type: 'NodeInstallerProgressing',
      status: 'False',
      reason: 'AllNodesAtLatestRevision',
      message: atRevision,
    },
    {
      type: 'StaticPodsAvailable',
      status: active > 0 ? 'True' : 'False',
      message: `${active} nodes are active; ${atRevision}`,
    },
    { type: 'UnsupportedConfigOverridesUpgradeable', status: 'True', reason: 'NoUnsupportedConfigOverrides' },
    ...QUIET.map((type): Verdict => ({ type, status: 'False', reason: 'AsExpected' })),
  ];
}

/** Nothing in the lab ever changes these; a verification reads them. */
const QUIET = [
  'InstallerPodPendingDegraded',
  'InstallerPodContainerWaitingDegraded',
  'InstallerPodNetworkingDegraded',
  'MissingStaticPodControllerDegraded',
  'NodeInstallerDegraded',
  'RevisionControllerDegraded',
  'StaticPodsDegraded',
];

/** Writes the conditions where they have changed, and resolves to them with their times. */
async function report(
  api: Api,
  path: string,
  verdict: readonly Verdict[],
  now: Date,
): Promise<readonly Condition[]> {
  const { status } = await api.get<{ status?: { conditions?: Condition[] } }>(path);
  const before = status?.conditions ?? [];
  let conditions: readonly Condition[] = before;
  for (const each of verdict) conditions = withCondition(conditions, each, seconds(now));
  if (!isDeepStrictEqual(before, conditions))
    await api.send('PATCH', `${path}/status`, { status: { conditions } });
  return conditions;
}
