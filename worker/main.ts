import { parseArgs } from 'node:util';
import { createActivities } from './activities.ts';
import { findInventory } from './config/find.ts';
import { labInventories } from './config/labs.ts';
import { isInventoryError } from './config/problems.ts';
import { isWorkerError, workerExitCodes } from './errors.ts';
import { createLogger, logLevels } from './logger.ts';
import { runWorker } from './process.ts';

const usage = `Usage: npm run worker -- [options]

The worker carries out the runbooks: it serves the workflows and reaches the clusters of its inventory. Run it outside
the control planes that it repairs. JSON logs go to standard output; SIGTERM and Ctrl-C end it in order.

  --config FILE        the inventory (docs/configuration.md)
  --profile NAME       the profile of temporal.toml, as the temporal command has it
  --cluster NAME       serve only this cluster; may be repeated
  --metrics IP:PORT    serve Prometheus metrics there
  --log-level LEVEL    ${logLevels.join(', ')} (info)
  --help               this text
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) return 2;
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  const logger = createLogger({ level: options.level });
  try {
    const inventory = await findInventory({ config: options.config, labInventories });
    await runWorker({
      inventory,
      activities: createActivities(inventory),
      logger,
      profile: options.profile,
      clusters: options.cluster,
      metrics: options.metrics,
      signal: interrupted(),
    });
    return 0;
  } catch (error) {
    if (!isWorkerError(error) && !isInventoryError(error)) {
      logger.fatal({ error: error instanceof Error ? error.stack : String(error) }, 'worker failed');
      return 1;
    }
    // A supervisor keeps the log; whoever started it by hand reads the sentence.
    for (const line of error.message.split('\n')) logger.fatal(line);
    if (process.stderr.isTTY) process.stderr.write(`${error.message}\n`);
    return isWorkerError(error) ? workerExitCodes[error.code] : workerExitCodes.BadConfiguration;
  }
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        config: { type: 'string' },
        profile: { type: 'string' },
        cluster: { type: 'string', multiple: true },
        metrics: { type: 'string' },
        'log-level': { type: 'string', default: 'info' },
        help: { type: 'boolean', default: false },
      },
    });
    const level = logLevels.find((known) => known === values['log-level']);
    if (level === undefined) throw new Error(`--log-level must be one of ${logLevels.join(', ')}`);
    return { ...values, level };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`);
    return undefined;
  }
}

/** The first SIGTERM or Ctrl-C lets running activities finish; the second does not wait for them. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143);
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return controller.signal;
}
