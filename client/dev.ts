import { join } from 'node:path';
import { cacheDir } from '../lab/host/cache.ts';
import { describeDev, runDev } from '../lab/temporal/dev.ts';
import { createActivities } from '../worker/activities.ts';
import { findInventory } from '../worker/config/find.ts';
import { labInventories } from '../worker/config/labs.ts';
import { createLogger } from '../worker/logger.ts';
import type { Context } from './context.ts';
import { failure } from './failure.ts';
import { progressOf } from './lab-target.ts';
import { tellEach } from './output.ts';

/** Server and worker for the inventory, until Ctrl-C. The worker's log goes to a file: the screen is the person's. */
export async function dev(context: Context): Promise<void> {
  const { io, options } = context;
  const inventory = await findInventory({ config: options.config, env: io.env, labInventories });
  const workerLog = join(cacheDir(io.env), 'temporal', 'worker.log');
  const running = runDev({
    inventory,
    activities: createActivities(inventory),
    progress: progressOf(context),
    logger: createLogger({ destination: workerLog }),
    signal: io.signal,
    onReady: (place) => {
      const { address, uiUrl } = place;
      const data = { address, webUi: uiUrl, inventory: inventory.file, workerLog };
      void tellEach(context, { data, text: () => `${describeDev(place)}\nWorker log ${workerLog}` });
    },
  });
  await running.catch((error: Error) => {
    if (io.signal.aborted) return;
    if (error.name !== 'Error') throw error;
    throw failure('DevFailed', { what: error.message, where: `worker log ${workerLog}`, cause: error });
  });
}
