import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from '../cluster/api.ts';
import { MASTERS } from '../settings.ts';
import { ETCD, type EtcdResource } from './board.ts';
import { create, NAMESPACE } from './objects.ts';
import { guardBudget } from './pods/guard-pod.ts';

const OPERATOR_NAMESPACE = 'openshift-etcd-operator';
const OPERATOR_ACCOUNT = 'etcd-operator';
const TOKEN_SECONDS = 30 * 24 * 3600;
const RBAC = 'rbac.authorization.k8s.io';

/** What the operator starts with. */
export interface Beginning {
  /** Of its own account, so that the audit log shows who wrote what. */
  token: string;
  /** `etcds/cluster` as an earlier operator, or the installation, has left it. */
  resource: EtcdResource;
}

/**
 * Makes what the operator finds when it starts: its own account (cluster-admin, as the real one's), those of its pods, the
 * guards' budget. Waits for an API that is down; resolves to nothing when the signal comes first.
 */
export async function makeOperatorObjects(
  api: Api,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<Beginning | undefined> {
  while (!signal.aborted) {
    try {
      return await makeOnce(api);
    } catch (error) {
      log(`waiting for the API: ${error instanceof Error ? error.message : String(error)}`);
    }
    await sleep(1000, undefined, { signal }).catch(() => {});
  }
  return undefined;
}

async function makeOnce(api: Api): Promise<Beginning> {
  const own = accounts(OPERATOR_NAMESPACE);
  await create(api, own, { metadata: { name: OPERATOR_ACCOUNT } });
  for (const name of ['installer-sa', 'guard-sa'])
    await create(api, accounts(NAMESPACE), { metadata: { name } });
  await create(api, `/apis/${RBAC}/v1/clusterrolebindings`, {
    metadata: { name: 'system:openshift:operator:etcd-operator' },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: OPERATOR_ACCOUNT, namespace: OPERATOR_NAMESPACE }],
  });
  const budgets = `/apis/policy/v1/namespaces/${NAMESPACE}/poddisruptionbudgets`;
  await create(api, budgets, guardBudget(MASTERS.length));
  const { status } = await api.send<{ status: { token: string } }>(
    'POST',
    `${own}/${OPERATOR_ACCOUNT}/token`,
    {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: TOKEN_SECONDS },
    },
  );
  return { token: status.token, resource: await api.get<EtcdResource>(ETCD) };
}

function accounts(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/serviceaccounts`;
}
