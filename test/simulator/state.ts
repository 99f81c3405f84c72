import type { ClientCsr } from '../../domain/control-plane.ts';
import { defaultEtcdPolicy, type EtcdPolicy } from '../../domain/etcd/policy.ts';
import { defaultPolicy, type Policy } from '../../domain/policy.ts';
import { masters, scripts } from '../support/observations.ts';

/**
 * One control plane as plain data: what is on its nodes, what its API holds, and every effect that an act had, in order.
 * Plain, so that a test may change anything at any moment, and a worker that is killed finds it again in a file.
 */
export interface SimulatedCluster {
  name: string;
  policy: Policy;
  etcd: EtcdPolicy;
  scripts: Record<string, string>;
  apiReachable: boolean;
  /** The endpoint is down, and the API is reached through this master. */
  detour?: string;
  signerAlive: boolean;
  bootstrapSecret: boolean;
  mayApprove: boolean;
  mayFile: boolean;
  csrs: ClientCsr[];
  nodes: Record<string, SimulatedNode>;
  /** `etcds/cluster`, in which the etcd operator's override may be lent. */
  etcdObject: unknown;
  /** What the acts changed, in order: `restart master-1`. An act that found it so leaves no line. */
  effects: string[];
}

export interface SimulatedNode {
  sshReachable: boolean;
  etcdHealthy: boolean;
  apiServerHealthy: boolean;
  kubeletActive: boolean;
  /** ISO 8601. */
  startedAt: string;
  starts: number;
  certificate: 'present' | 'missing';
  bootstrap: BootstrapOnNode;
  mirrorPodsSince?: string;
  /** A valid certificate of its own lies beside the missing one. */
  kept?: true;
  /** Hash of the public half of a key that a run has made there. */
  key?: string;
  /** Where a run, or a person, has put cluster-admin. */
  lent?: 'bootstrap' | 'kubeconfig';
  /** The kubelet works, and not as itself. */
  runsAsAdmin?: true;
  /** By run id: the bootstrap file that was there. */
  backups: Record<string, BootstrapOnNode>;
  /** Restarts that were asked for and done: `<run>/<attempt>`. */
  restarts: string[];
  /** By run id: how it ended, as it has said itself. */
  concluded: Record<string, string>;
  /** By run id: files that a killed script was writing. */
  halfWritten: Record<string, string[]>;
  lockHeld: boolean;
}

export interface BootstrapOnNode {
  sha256: string;
  kind: 'durable' | 'rejected' | 'temporary' | 'admin';
  /** The run that put it there. */
  by?: string;
}

/** Short enough for a test, in the proportions of the real ones. */
const quickPolicy: Policy = {
  ...defaultPolicy,
  approvals: 'open',
  gateDeadlineMs: 300_000,
  remindEveryMs: 120_000,
  reobserveEveryMs: 60_000,
  soakMs: 0,
};

const longAgo = '2026-11-22T08:00:00.000Z';

export function healthyCluster(name: string, policy: Partial<Policy> = {}): SimulatedCluster {
  return {
    name,
    policy: { ...quickPolicy, ...policy },
    etcd: defaultEtcdPolicy,
    scripts,
    apiReachable: true,
    signerAlive: true,
    bootstrapSecret: true,
    mayApprove: true,
    mayFile: true,
    csrs: [],
    nodes: Object.fromEntries(masters.map((master) => [master, healthyNode()])),
    etcdObject: { metadata: { resourceVersion: '1' }, spec: { managementState: 'Managed' } },
    effects: [],
  };
}

/** The incident of kubelet-anonymous: no certificate, a bootstrap credential that is rejected, mirror pods gone. */
export function brokenCluster(
  name: string,
  policy: Partial<Policy> = {},
  node = 'master-1',
): SimulatedCluster {
  const cluster = healthyCluster(name, policy);
  breakKubelet(cluster, node);
  return cluster;
}

function breakKubelet(cluster: SimulatedCluster, node = 'master-1'): void {
  const broken = nodeIn(cluster, node);
  broken.certificate = 'missing';
  broken.bootstrap = { sha256: 'de'.repeat(32), kind: 'rejected' };
  delete broken.mirrorPodsSince;
}

export function nodeIn(cluster: SimulatedCluster, name: string): SimulatedNode {
  const node = cluster.nodes[name];
  if (!node) throw new Error(`the simulated cluster ${cluster.name} has no node ${name}`);
  return node;
}

function healthyNode(): SimulatedNode {
  return {
    sshReachable: true,
    etcdHealthy: true,
    apiServerHealthy: true,
    kubeletActive: true,
    startedAt: longAgo,
    starts: 1,
    certificate: 'present',
    bootstrap: { sha256: 'b0'.repeat(32), kind: 'durable' },
    mirrorPodsSince: longAgo,
    backups: {},
    restarts: [],
    concluded: {},
    halfWritten: {},
    lockHeld: false,
  };
}
