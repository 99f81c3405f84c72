import { createEtcdActActivities } from './act/etcd/index.ts';
import { createActActivities } from './act/index.ts';
import { createApproveActivities } from './approve/index.ts';
import type { ClusterConnection, InventoryLookup } from './connections/cluster.ts';
import { createNodeLane, type NodeLane } from './connections/node-lane.ts';
import { createPodLane } from './connections/pod-lane.ts';
import { askCluster } from './connections/where-now.ts';
import type { ActActivities, ApproveActivities, ObserveActivities } from './contract.ts';
import type { LadderActivities } from './kubelet-contract.ts';
import { createLeaseActivities } from './lease.ts';
import type { LeaseActivities } from './lease-contract.ts';
import type { EtcdActActivities, EtcdObserveActivities } from './etcd-contract.ts';
import { createEtcdObserveActivities } from './observe/etcd/index.ts';
import { createObserveActivities } from './observe/index.ts';

export interface ActivityDeps {
  inventory: InventoryLookup;
  /** How to reach a cluster's nodes. */
  laneOf: (cluster: ClusterConnection) => NodeLane;
}

/** As the inventory says. */
function laneTo(cluster: ClusterConnection): NodeLane {
  if (cluster.nodeAccess === 'pod') return createPodLane(cluster);
  return createNodeLane(cluster, { whereNow: askCluster(cluster, createNodeLane(cluster)) });
}

/** What runs on the queues `cluster/<name>`: everything that touches a cluster. */
export function createClusterActivities(
  inventory: InventoryLookup,
  laneOf: ActivityDeps['laneOf'] = laneTo,
): ObserveActivities &
  ApproveActivities &
  ActActivities &
  LadderActivities &
  LeaseActivities &
  EtcdObserveActivities &
  EtcdActActivities {
  const deps = { inventory, laneOf };
  return {
    ...createObserveActivities(deps),
    ...createEtcdObserveActivities(deps),
    ...createApproveActivities(deps),
    ...createActActivities(deps),
    ...createEtcdActActivities(deps),
    ...createLeaseActivities(deps),
  };
}
