import type { Condition, ObjectMeta } from './objects.ts';

/** The parts of OpenShift's objects, and of etcd's pods, that we read. All optional, as in objects.ts. */

export interface MasterNodeObject {
  metadata?: ObjectMeta;
  status?: { conditions?: Condition[]; addresses?: Address[] };
}

export interface Address {
  type?: string;
  address?: string;
}

export interface MachineObject {
  metadata?: ObjectMeta;
  spec?: { lifecycleHooks?: { preDrain?: { name?: string; owner?: string }[] } };
  status?: { phase?: string; addresses?: Address[]; nodeRef?: { name?: string } };
}

export interface EtcdPodObject {
  metadata?: ObjectMeta;
  spec?: { containers?: { name?: string; env?: { name?: string; value?: string }[] }[] };
  status?: {
    podIPs?: { ip?: string }[];
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
  };
}

export interface ContainerStatus {
  name?: string;
  ready?: boolean;
  restartCount?: number;
  state?: ContainerPhases;
  lastState?: ContainerPhases;
}

export interface ContainerPhases {
  waiting?: { reason?: string };
  running?: object;
  terminated?: { exitCode?: number; reason?: string; message?: string };
}

export interface StaticPodOperatorObject {
  metadata?: ObjectMeta;
  spec?: {
    managementState?: string;
    unsupportedConfigOverrides?: unknown;
    forceRedeploymentReason?: string;
  };
  status?: {
    latestAvailableRevision?: number;
    nodeStatuses?: {
      nodeName?: string;
      currentRevision?: number;
      targetRevision?: number;
      lastFailedRevision?: number;
    }[];
    conditions?: Condition[];
  };
}

export interface ClusterVersionObject {
  status?: {
    history?: { state?: string; version?: string; startedTime?: string }[];
    conditions?: Condition[];
  };
}

export interface PoolObject {
  metadata?: ObjectMeta;
  status?: { conditions?: Condition[] };
}

export interface InfrastructureObject {
  status?: { controlPlaneTopology?: string };
}

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key?: string; operator?: string; values?: string[] }[];
}

export interface MachineHealthCheckObject {
  metadata?: ObjectMeta;
  spec?: { selector?: LabelSelector };
}

export interface NodeHealthCheckObject {
  metadata?: ObjectMeta;
  spec?: { selector?: LabelSelector; pauseRequests?: string[] };
}

export interface ClusterOperatorObject {
  metadata?: ObjectMeta;
  status?: { conditions?: Condition[] };
}

export interface DeploymentObject {
  metadata?: ObjectMeta;
  spec?: { replicas?: number; selector?: LabelSelector };
  status?: { availableReplicas?: number };
}
