import { createActivities } from '../../../worker/activities.ts';
import { loadInventory } from '../../../worker/config/inventory.ts';
import { createLogger } from '../../../worker/logger.ts';
import { runWorker } from '../../../worker/process.ts';

/** The product's worker with all of its activities, and the workflows of another bundle: `lease-worker.ts INVENTORY BUNDLE`. */
const [file = '', codePath = ''] = process.argv.slice(2);
const inventory = await loadInventory(file);
await runWorker({
  inventory,
  activities: createActivities(inventory),
  logger: createLogger(),
  bundle: { codePath },
  signal: new AbortController().signal,
  shutdownGraceMs: 0,
});
