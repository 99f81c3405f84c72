import { MASTERS } from '../../settings.ts';
import { collection, type PlatformObject } from './object.ts';

export interface StaticPodOperator {
  kind: string;
  plural: string;
  /** Of its operand; the operator's own is this with `-operator`. */
  namespace: string;
  /** Static pods are named `<operand>-<node>`, guard pods `<guard>-guard-<node>`. */
  operand: string;
  clusterOperator: string;
}

const ETCD_OPERATOR: StaticPodOperator = {
  kind: 'Etcd',
  plural: 'etcds',
  namespace: 'openshift-etcd',
  operand: 'etcd',
  clusterOperator: 'etcd',
};

/** Their objects are kept up by static-pods.ts; etcd's by the stand-in for its operator. */
export const OTHER_STATIC_POD_OPERATORS: readonly StaticPodOperator[] = [
  {
    kind: 'KubeAPIServer',
    plural: 'kubeapiservers',
    namespace: 'openshift-kube-apiserver',
    operand: 'kube-apiserver',
    clusterOperator: 'kube-apiserver',
  },
  {
    kind: 'KubeControllerManager',
    plural: 'kubecontrollermanagers',
    namespace: 'openshift-kube-controller-manager',
    operand: 'kube-controller-manager',
    clusterOperator: 'kube-controller-manager',
  },
  {
    kind: 'KubeScheduler',
    plural: 'kubeschedulers',
    namespace: 'openshift-kube-scheduler',
    operand: 'openshift-kube-scheduler',
    clusterOperator: 'kube-scheduler',
  },
];

export function operatorObjects({ plural }: StaticPodOperator): string {
  return collection('operator.openshift.io', 'v1', plural);
}

/** The four operators' objects as an installation leaves them: managed, no override, all masters at revision 1. */
export function staticPodOperators(): PlatformObject[] {
  return [ETCD_OPERATOR, ...OTHER_STATIC_POD_OPERATORS].map((operator) => ({
    path: operatorObjects(operator),
    body: {
      apiVersion: 'operator.openshift.io/v1',
      kind: operator.kind,
      metadata: { name: 'cluster' },
      spec: {
        managementState: 'Managed',
        logLevel: 'Normal',
        operatorLogLevel: 'Normal',
        observedConfig: {},
        unsupportedConfigOverrides: null,
      },
      status: {
        latestAvailableRevision: 1,
        nodeStatuses: MASTERS.map((nodeName) => ({ nodeName, currentRevision: 1 })),
        readyReplicas: 0,
      },
    },
  }));
}
