import type { Activities } from '../activities/contract.ts';
import { createDecideActivities } from '../activities/decide/index.ts';
import { createClusterActivities } from '../activities/index.ts';
import { awaitBrake, readBrake } from '../activities/observe/brake.ts';
import { recoveryHistory } from '../activities/observe/recovery-history.ts';
import { awaitRunOver } from '../activities/observe/run-over.ts';
import type { Inventory } from './config/inventory.ts';

/** Everything that this worker can do, for the clusters of its inventory and no others. */
export function createActivities(inventory: Inventory): Activities {
  const lookup = (name: string) =>
    Object.hasOwn(inventory.clusters, name) ? inventory.clusters[name] : undefined;
  return {
    ...createClusterActivities(lookup),
    ...createDecideActivities(),
    recoveryHistory,
    awaitRunOver,
    readBrake,
    awaitBrake,
  };
}
