import type { Context } from './context.ts';
import { failure } from './failure.ts';
import { knownNames } from './suggest.ts';

/**
 * Checks names against the inventory, where there is one. A wrong name must not become the id of a run: it would wait
 * for a worker that never comes.
 */
export async function requireKnown(context: Context, cluster: string, node?: string): Promise<void> {
  const inventory = await context.inventory();
  if (!inventory) return;
  const masters = inventory.masters.get(cluster);
  if (!masters) {
    throw failure('UnknownCluster', {
      what: `There is no cluster ${cluster} in the inventory.`,
      where: inventory.path,
      next: knownNames('clusters', cluster, [...inventory.masters.keys()]),
    });
  }
  if (node === undefined || masters.includes(node)) return;
  throw failure('UnknownNode', {
    what: `${cluster} has no master ${node} in the inventory.`,
    where: inventory.path,
    next: knownNames(`masters of ${cluster}`, node, masters),
  });
}
