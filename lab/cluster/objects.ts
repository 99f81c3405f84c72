import { stringify } from 'yaml';
import { BOOTSTRAPPER, BOOTSTRAPPER_NAMESPACE } from './certificates.ts';

const NAMESPACES = [
  'openshift-etcd',
  'openshift-kube-apiserver',
  'openshift-kube-controller-manager',
  'openshift-kube-scheduler',
  BOOTSTRAPPER_NAMESPACE,
];

const RBAC = 'rbac.authorization.k8s.io';

/** What the cluster needs beyond the API server's own defaults, as YAML for `kubectl apply`. */
export function clusterObjects(): string {
  const objects = [
    ...NAMESPACES.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: BOOTSTRAPPER, namespace: BOOTSTRAPPER_NAMESPACE },
    },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/service-account-token',
      metadata: {
        name: `${BOOTSTRAPPER}-token`,
        namespace: BOOTSTRAPPER_NAMESPACE,
        annotations: { 'kubernetes.io/service-account.name': BOOTSTRAPPER },
      },
    },
    // It may file requests and see them; nothing approves them by itself.
    binding('system-bootstrap-node-bootstrapper', 'system:node-bootstrapper', {
      kind: 'ServiceAccount',
      name: BOOTSTRAPPER,
      namespace: BOOTSTRAPPER_NAMESPACE,
    }),
    // A node that has an identity renews it by itself.
    binding(
      'system-bootstrap-node-renewal',
      'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
      { apiGroup: RBAC, kind: 'Group', name: 'system:nodes' },
    ),
    binding('kube-apiserver-to-kubelet', 'system:kubelet-api-admin', {
      apiGroup: RBAC,
      kind: 'User',
      name: 'system:kube-apiserver',
    }),
  ];
  return objects.map((object) => `---\n${stringify(object)}`).join('');
}

function binding(name: string, role: string, subject: Record<string, string>): unknown {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
    subjects: [subject],
  };
}
