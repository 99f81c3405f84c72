import { createLogger } from '../../../worker/logger.ts';
import { runWorker } from '../../../worker/process.ts';
import { probeActivities } from './probe-activities.ts';
import { testInventory } from './workers.ts';

/** The product's worker process with the probe's activities: `probe-worker.ts JOURNAL RELEASE`, bundle and all. */
const [journal = '', release = ''] = process.argv.slice(2);
const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort());
await runWorker({
  inventory: testInventory(),
  activities: probeActivities({ journal, release }),
  logger: createLogger(),
  signal: stopping.signal,
  shutdownGraceMs: 0,
  ...(process.env['PROBE_BUNDLE'] ? { bundle: { codePath: process.env['PROBE_BUNDLE'] } } : {}),
});
