import type { LeaseReading } from '../lease-rules.ts';

/** What stands around etcd: its operator, and what else acts on masters. */

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** `etcds.operator.openshift.io/cluster`. */
export interface EtcdOperator {
  resourceVersion: string;
  managementState: string;
  /** `spec.unsupportedConfigOverrides` exactly as it is; undefined: there is no such field, or it is null. */
  overrides?: Json;
  /** What the object says about a lease of its override: `readLeaseIn`. */
  lease: LeaseReading;
  forceRedeploymentReason: string;
  latestAvailableRevision: number;
  nodeStatuses: OperatorNode[];
  conditions: OperatorCondition[];
}

export interface OperatorNode {
  nodeName: string;
  /** Zero where the field is absent, in each of the three. */
  currentRevision: number;
  targetRevision: number;
  lastFailedRevision: number;
}

export interface OperatorCondition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  /** ISO 8601: when its status last changed; a message may be younger. */
  since: string;
}

export interface ClusterVersion {
  /** Of the newest entry in `status.history`: `4.16.21`. */
  version: string;
  /** `Partial` while an upgrade goes on. */
  state: 'Completed' | 'Partial';
  /** When that entry began, ISO 8601. */
  since: string;
  /** Condition `Progressing`. */
  progressing: boolean;
}

export interface MachineConfigPool {
  name: string;
  updating: boolean;
  /** When condition `Updating` last changed, ISO 8601. */
  since: string;
}

export interface Remediator {
  kind: 'MachineHealthCheck' | 'NodeHealthCheck';
  namespace: string;
  name: string;
  /** It may act on masters. */
  coversMasters: boolean;
  /** By somebody who is no run of ours. */
  paused: boolean;
  /** Ids of the runs of ours that have paused it, as they name themselves on nodes; absent: none has. */
  pausedBy?: string[];
}

/** One that a run pauses. `pausedBy`: as it stood when the plan was made. */
export type RemediatorPin = Pick<Remediator, 'kind' | 'namespace' | 'name' | 'pausedBy'>;

export interface CopyPlace {
  /** The public key to which the copy is encrypted, or its fingerprint; never a secret. Empty: the inventory names none. */
  recipient: string;
  freeBytes: number;
}
