import { createActivities } from '../worker/activities.ts';
import { findInventory } from '../worker/config/find.ts';
import { labInventories } from '../worker/config/labs.ts';
import { createLogger } from '../worker/logger.ts';
import { runWorker } from '../worker/process.ts';
import type { Context } from './context.ts';

export interface ServeOptions {
  cluster?: string[];
  metrics?: string;
}

/** The same process as `npm run worker`, with the command line's options. */
export async function serveInventory(
  { io, options }: Context,
  { cluster, metrics }: ServeOptions,
): Promise<void> {
  const { config, profile, address } = options;
  const inventory = await findInventory({ config, env: io.env, labInventories });
  await runWorker({
    inventory,
    activities: createActivities(inventory),
    logger: createLogger(),
    profile,
    env: address === undefined ? io.env : { ...io.env, TEMPORAL_ADDRESS: address },
    clusters: cluster,
    metrics,
    signal: io.signal,
  });
}
