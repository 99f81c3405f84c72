import type { EtcdPolicy, SnapshotRetention } from '../../domain/etcd/policy.ts';
import type { Policy } from '../../domain/policy.ts';
import { failure } from '../failure.ts';

/** How to reach one cluster, and what may be done there: one entry of the inventory. */
export interface ClusterConnection {
  name: string;
  /** A kubeconfig on the worker's host with the identity of deploy/rbac/. */
  api: { kubeconfig: string; context?: string };
  /** `config` goes to `ssh -F`; absent, ssh reads its own files. */
  ssh: { user: string; config?: string };
  /** How scripts get to a master; absent: by ssh. */
  nodeAccess?: 'ssh' | 'pod';
  /** `image` is pinned by its digest; absent: that of the etcd pods. */
  nodePod?: { image: string };
  /** Name of the Node object → the address that ssh dials. */
  masters: Record<string, { address: string }>;
  policy: Policy;
  etcd: EtcdPolicy;
  /** Where encrypted copies of etcd's snapshots go; absent: nowhere, and no member is replaced. */
  snapshots?: SnapshotPlace;
  /** Whose signatures count; there in mode `signed`. */
  approvers?: Approvers;
}

/** Where the keys of a cluster's approvers stand, on the worker's host. */
export interface Approvers {
  /** An allowed-signers file, as ssh-keygen(1) describes it. */
  allowedSigners: string;
  /** A key revocation list, or public keys one to a line. */
  revoked?: string;
}

/** On the worker's host. */
export interface SnapshotPlace {
  /** An absolute path. */
  directory: string;
  /** A public key of age: `age1…`. */
  recipient: string;
  keep: SnapshotRetention;
}

export type InventoryLookup = (cluster: string) => ClusterConnection | undefined;

/** Throws `UnknownCluster`. */
export function clusterOf(lookup: InventoryLookup, name: string): ClusterConnection {
  const cluster = lookup(name);
  if (!cluster) {
    throw failure(
      'UnknownCluster',
      `this worker's inventory has no cluster ${name}: add it to clusters.yaml`,
    );
  }
  return cluster;
}

/** Throws `UnknownNode`. A name is looked up as it stands: no prefix, no pattern, no "the only one". */
export function masterOf(cluster: ClusterConnection, node: string): { name: string; address: string } {
  const master = Object.hasOwn(cluster.masters, node) ? cluster.masters[node] : undefined;
  if (!master) {
    const have = Object.keys(cluster.masters).join(', ');
    throw failure('UnknownNode', `the inventory of ${cluster.name} has no master ${node}; it has ${have}`);
  }
  return { name: node, address: master.address };
}
