import { isDeepStrictEqual } from 'node:util';
import type { Sync } from '../context.ts';
import { create, getIfAny } from '../objects.ts';
import { clusterOperatorConditions } from '../rules/cluster-operator.ts';
import {
  nodesCondition,
  overridesCondition,
  staticPodsCondition,
  withCondition,
} from '../rules/conditions.ts';
import { memberConditions } from '../rules/members.ts';
import type { Condition } from '../rules/types.ts';

const CLUSTER_OPERATORS = '/apis/config.openshift.io/v1/clusteroperators';

/** What several small controllers report: nodes, static pods, overrides, and the members out of the cache. */
export const syncStatus: Sync = (view, { board, cache }) => {
  board.report(
    nodesCondition(view.masters),
    staticPodsCondition(view.operands),
    overridesCondition(view.etcd.spec?.unsupportedConfigOverrides),
  );
  const members = cache.now();
  if (members !== undefined) board.report(...memberConditions(members));
};

interface ClusterOperator {
  status?: { conditions?: Condition[] };
}

/** `ClusterOperator/etcd`, out of the operator's own conditions and later than they. */
export const syncClusterOperator: Sync = async (_view, { api, board, profile }) => {
  const path = `${CLUSTER_OPERATORS}/etcd`;
  const current = await getIfAny<ClusterOperator>(api, path);
  if (!current) {
    const metadata = { name: 'etcd' };
    return create(api, CLUSTER_OPERATORS, {
      apiVersion: 'config.openshift.io/v1',
      kind: 'ClusterOperator',
      metadata,
      spec: {},
    });
  }
  const before = current.status?.conditions ?? [];
  const now = new Date();
  let conditions = before;
  for (const verdict of clusterOperatorConditions(board.conditions(), now)) {
    conditions = withCondition(conditions, verdict, `${now.toISOString().slice(0, 19)}Z`);
  }
  if (isDeepStrictEqual(before, conditions)) return;
  const versions = ['raw-internal', 'operator', 'etcd'].map((name) => ({ name, version: profile.version }));
  await api.send('PATCH', `${path}/status`, { status: { conditions, versions, relatedObjects: RELATED } });
};

const RELATED = [
  { group: 'operator.openshift.io', resource: 'etcds', name: 'cluster' },
  ...['openshift-config', 'openshift-config-managed', 'openshift-etcd-operator', 'openshift-etcd'].map(
    (name) => ({
      group: '',
      resource: 'namespaces',
      name,
    }),
  ),
];
