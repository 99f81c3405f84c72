import type { OperatorCondition, OperatorNode, Remediator } from './etcd/platform.ts';
import type { Reading } from './reading.ts';

/**
 * What the platform's own operators make of the masters. `none`: the cluster has no such kind, as plain Kubernetes has
 * not; then what would be asked of it is not applicable, which is neither good nor unknown.
 */
export interface PlatformView {
  operators: Reading<StaticPodOperator[] | 'none'>;
  clusterOperators: Reading<ClusterOperator[] | 'none'>;
  metal3: Reading<Metal3 | 'none'>;
  /** Other automation that might reboot or replace a master meanwhile; empty where its kinds are absent. */
  remediators: Reading<Remediator[]>;
}

/** One of the four whose `operator.openshift.io/v1` object `cluster` tells per node what runs there. */
export interface StaticPodOperator {
  kind: 'etcd' | 'kubeapiserver' | 'kubecontrollermanager' | 'kubescheduler';
  latestAvailableRevision: number;
  nodeStatuses: OperatorNode[];
  /** Only `*Degraded` ones of guards, nodes, installers and static pods: see `operatorConditions`. */
  conditions: OperatorCondition[];
}

export interface ClusterOperator {
  name: string;
  available: boolean;
  progressing: boolean;
  degraded: boolean;
  /** Of the condition that is not as it should be, shortened; empty when all are. */
  message: string;
}

/** Deployment `openshift-machine-api/metal3`: strategy Recreate, so that a pod stuck on a dead kubelet stops it all. */
export interface Metal3 {
  desired: number;
  available: number;
  pods: { name: string; node: string; phase: string; terminating: boolean }[];
}

/** Pods of the static-pod operators that are bound to one master. Source: the same list as the mirror pods. */
export interface OperatorPods {
  /** `<prefix>-guard-<node>`: ready while its operand answers. */
  guards: { namespace: string; name: string; ready: boolean }[];
  /**
   * `installer-<revision>-<node>` that is Pending and that no kubelet has acknowledged: without `status.startTime` no
   * condition of the operator speaks of it.
   */
  unacknowledged: { namespace: string; name: string; createdAt: string }[];
}
