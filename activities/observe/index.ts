import type { ActivityDeps } from '../index.ts';
import { clusterOf, masterOf } from '../connections/cluster.ts';
import type { ObserveActivities } from '../contract.ts';
import { heartbeating } from '../heartbeat.ts';
import { scriptHashes } from '../node-scripts/scripts.ts';
import { observeControlPlane } from './control-plane.ts';
import { lookAtNode } from './node.ts';
import { verifyPlatform } from './verify-platform.ts';
import { verifyKubeletRecovery } from './verify.ts';

export function createObserveActivities({ inventory, laneOf }: ActivityDeps): ObserveActivities {
  return {
    observeControlPlane({ cluster: name }) {
      const cluster = clusterOf(inventory, name);
      return heartbeating((signal) => observeControlPlane(cluster, laneOf(cluster), signal));
    },
    observeKubelet({ cluster: name, node }) {
      const cluster = clusterOf(inventory, name);
      masterOf(cluster, node);
      return heartbeating(async (signal) => (await lookAtNode(laneOf(cluster), node, { signal })).kubelet);
    },
    async readPolicy({ cluster }) {
      const { policy, etcd } = clusterOf(inventory, cluster);
      return { policy, etcd, scripts: scriptHashes() };
    },
    verifyKubeletRecovery(input) {
      const cluster = clusterOf(inventory, input.cluster);
      masterOf(cluster, input.node);
      return heartbeating((signal) => verifyKubeletRecovery(cluster, laneOf(cluster), input, signal));
    },
    verifyPlatform(input) {
      const cluster = clusterOf(inventory, input.cluster);
      masterOf(cluster, input.node);
      return heartbeating((signal) => verifyPlatform(cluster, laneOf(cluster), input, signal));
    },
  };
}
