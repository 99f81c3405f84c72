import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Context } from '@temporalio/activity';
import { awaitBrake, readBrake } from '../../../activities/observe/brake.ts';
import { awaitRunOver } from '../../../activities/observe/run-over.ts';
import { recoveryHistory } from '../../../activities/observe/recovery-history.ts';
import { createLogger } from '../../../worker/logger.ts';
import { runWorker } from '../../../worker/process.ts';
import { simulate } from '../../simulator/simulator.ts';
import type { SimulatedCluster } from '../../simulator/state.ts';
import { testInventory } from './workers.ts';

/**
 * The product's worker process on a simulated cluster that is kept in a file, so that it outlives this process:
 * `simulated-worker.ts FILE [ACTIVITY before|after]`. With the latter two, the first call of that activity stops for good
 * directly before or after its effect, says so, and waits to be killed.
 */
const [file = '', heldActivity = '', heldAt = ''] = process.argv.slice(2);
const cluster = JSON.parse(readFileSync(file, 'utf8')) as SimulatedCluster;
const simulator = simulate(cluster);
const logger = createLogger();

for (const name of Object.keys(simulator.activities) as (keyof typeof simulator.activities)[]) {
  simulator.intercept(name, async (perform) => {
    if (name === heldActivity && heldAt === 'before') await hold(name);
    const reply = await perform();
    writeFileSync(`${file}.new`, JSON.stringify(cluster));
    renameSync(`${file}.new`, file);
    if (name === heldActivity && heldAt === 'after') await hold(name);
    return reply;
  });
}

await runWorker({
  inventory: testInventory([cluster.name]),
  activities: { ...simulator.activities, recoveryHistory, awaitRunOver, readBrake, awaitBrake },
  logger,
  signal: new AbortController().signal,
  shutdownGraceMs: 0,
});

async function hold(name: string): Promise<never> {
  logger.info({ held: name }, 'held');
  const { heartbeat } = Context.current();
  return new Promise(() => setInterval(() => heartbeat(), 500));
}
