/** The parts of Kubernetes' objects that we read. All optional: what a server sends is not ours to promise. */

export interface ObjectMeta {
  name?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  managedFields?: { manager?: string; subresource?: string; time?: string }[];
}

export interface Condition {
  type?: string;
  status?: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

export interface NodeObject {
  metadata?: ObjectMeta;
  status?: { conditions?: Condition[] };
}

export interface LeaseObject {
  spec?: { holderIdentity?: string; renewTime?: string; leaseDurationSeconds?: number };
}

export interface PodObject {
  metadata?: ObjectMeta;
  spec?: { nodeName?: string };
  status?: {
    phase?: string;
    startTime?: string;
    conditions?: Condition[];
    containerStatuses?: { state?: { running?: { startedAt?: string } } }[];
  };
}

export interface CsrObject {
  metadata?: ObjectMeta;
  spec?: { request?: string; signerName?: string; username?: string; groups?: string[]; usages?: string[] };
  status?: { conditions?: Condition[]; certificate?: string };
}

export interface SecretObject {
  metadata?: ObjectMeta;
  type?: string;
  data?: Record<string, string>;
}

export interface ObjectList<T> {
  metadata?: { continue?: string };
  items?: T[];
}
