/** An etcd member as etcd lists it. An empty name, or no client URL, means that it has never started. */
export interface Member {
  /** Decimal: a 64-bit number does not fit a JavaScript number. */
  id: string;
  name: string;
  peerUrls: readonly string[];
  clientUrls: readonly string[];
  learner: boolean;
}

/** What one look at a member gave: a linearizable read from a voter, a serializable one from a learner. */
export interface MemberHealth {
  member: Member;
  healthy: boolean;
  /** "1.2ms", for the dump in the 4.16 operator's message. */
  took?: string;
  error?: string;
}

/** A master as its Node object shows it. */
export interface Master {
  name: string;
  /** InternalIP. */
  address: string;
  ready: boolean;
  /** ISO 8601; of the Ready condition. */
  since: string;
  reason: string;
  message: string;
}

export interface Machine {
  name: string;
  /** InternalIPs of its status. */
  addresses: readonly string[];
  deleting: boolean;
  /** The preDrain hook `EtcdQuorumOperator` of `clusteroperator/etcd`. */
  hooked: boolean;
}

/** An entry of `status.nodeStatuses`. Zero means "none", as in the real API. */
export interface NodeStatus {
  nodeName: string;
  currentRevision: number;
  targetRevision: number;
  lastFailedRevision: number;
  lastFailedReason: string;
  lastFailedCount: number;
}

export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
  /** ISO 8601, to the second. */
  lastTransitionTime: string;
}

/** A condition before it is known when it last changed. */
export type Verdict = Omit<Condition, 'lastTransitionTime'>;

/** An etcd static pod as its mirror pod shows it. */
export interface Operand {
  node: string;
  revision: number;
  podIp: string;
  /** Running, with every container ready. */
  ready: boolean;
  /** The container `etcd` runs and its readiness probe fails: it waits to be added, or is catching up. */
  etcdRunsNotReady: boolean;
  /** Containers (never init containers) that wait or have ended, in the words of the operator's condition. */
  troubles: readonly string[];
}

/** A member that has never started is not named yet; it has no client URL either. */
export function hasStarted(member: Member): boolean {
  return member.clientUrls.length > 0;
}

/** Host of the first peer URL: what the operator knows a member by. */
export function addressOfMember({ peerUrls: [first = ''] }: Member): string {
  return URL.canParse(first) ? new URL(first).hostname : '';
}

/** The member id as `etcdctl member list` and the ConfigMap `etcd-endpoints` write it. */
export function hexId({ id }: Member): string {
  return BigInt(id).toString(16);
}
