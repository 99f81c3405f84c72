import type { ActivityDeps } from '../../index.ts';
import { clusterOf, masterOf } from '../../connections/cluster.ts';
import type { EtcdObserveActivities } from '../../etcd-contract.ts';
import { heartbeating } from '../../heartbeat.ts';
import { awaitEtcd } from './await-etcd.ts';
import { readEtcdGate } from './gate.ts';
import { observeEtcd } from './observe-etcd.ts';

export function createEtcdObserveActivities({ inventory, laneOf }: ActivityDeps): EtcdObserveActivities {
  return {
    observeEtcd({ cluster: name, before }) {
      const cluster = clusterOf(inventory, name);
      return heartbeating((signal) => observeEtcd(cluster, laneOf(cluster), { before, signal }));
    },
    awaitEtcd(input) {
      const cluster = clusterOf(inventory, input.cluster);
      masterOf(cluster, input.pins.target.node);
      return heartbeating((signal) => awaitEtcd(cluster, laneOf(cluster), input, signal));
    },
    readEtcdGate({ cluster: name }) {
      const cluster = clusterOf(inventory, name);
      return heartbeating((signal) => readEtcdGate(cluster, laneOf(cluster), signal));
    },
  };
}
