import { findInventory } from '../worker/config/find.ts';
import { labInventories } from '../worker/config/labs.ts';
import { isInventoryError } from '../worker/config/problems.ts';
import type { KnownClusters } from './context.ts';

/**
 * The clusters of the inventory. Undefined when there is none and none was named: whoever only votes from a laptop need
 * not hold every cluster's paths. A file that is named, or is there, must be right.
 */
export async function readKnownClusters(
  config: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<KnownClusters | undefined> {
  try {
    const inventory = await findInventory({ config, env, labInventories });
    const masters = Object.entries(inventory.clusters).map(
      ([name, cluster]) => [name, Object.keys(cluster.masters)] as const,
    );
    const allowedSigners = Object.entries(inventory.clusters).flatMap(([name, { approvers }]) =>
      approvers ? [[name, approvers.allowedSigners] as const] : [],
    );
    return { path: inventory.file, masters: new Map(masters), allowedSigners: new Map(allowedSigners) };
  } catch (error) {
    if (isInventoryError(error) && error.message.includes('no inventory found')) return undefined;
    throw error;
  }
}

/** The directory of a cluster's copies of snapshots; undefined where the inventory names none. */
export async function readSnapshotPlace(
  config: string | undefined,
  cluster: string,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const { clusters } = await findInventory({ config, env, labInventories });
  return clusters[cluster]?.snapshots?.directory;
}
