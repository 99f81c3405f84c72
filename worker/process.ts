import { Runtime, type RuntimeOptions } from '@temporalio/worker';
import type { Activities } from '../activities/contract.ts';
import { workflowBundle, type WorkflowBundle } from './bundle.ts';
import { unreadableFiles } from './config/files.ts';
import type { Inventory } from './config/inventory.ts';
import { workerError } from './errors.ts';
import { temporalLogger, type Logger } from './logger.ts';
import { startWorkers } from './run-worker.ts';
import { registerSearchAttributes } from './search-attributes.ts';
import { connectToTemporal, type WorkerConnection } from './temporal.ts';

export interface WorkerProcessOptions {
  inventory: Inventory;
  activities: Activities;
  logger: Logger;
  /** Profile of `temporal.toml`; absent: `TEMPORAL_PROFILE` or `default`. */
  profile?: string | undefined;
  env?: NodeJS.ProcessEnv;
  /** Of a dev server, which knows no TLS and no keys: then nothing of a profile is used. */
  address?: string;
  clusters?: readonly string[] | undefined;
  /** `127.0.0.1:9464`; absent: no metrics. */
  metrics?: string | undefined;
  shutdownGraceMs?: number;
  /** Absent: made from the sources, or taken from the cache. */
  bundle?: WorkflowBundle;
  /** Called once, when every queue is served. */
  onReady?: (queues: string[]) => void;
  /** Stops the worker: running activities get `shutdownGraceMs`, then are given back to Temporal. */
  signal: AbortSignal;
}

/**
 * The whole life of a worker process: connect, serve until the signal, give everything back. Throws `WorkerError` when it
 * cannot start. Call it once per process: the SDK's runtime can be installed only once.
 */
export async function runWorker(options: WorkerProcessOptions): Promise<void> {
  const { inventory, logger, signal } = options;
  installRuntime(logger, options.metrics);
  for (const sentence of await unreadableFiles(inventory)) logger.warn(sentence);
  const temporal = await connectToTemporal(options);
  try {
    await serve(options, temporal);
  } finally {
    // Without this the native connection keeps the process alive after everything has ended.
    await temporal.connection.close();
    await Runtime.instance().shutdown();
  }
  logger.info({ reason: signal.aborted ? 'asked to' : 'ended' }, 'worker stopped');
}

async function serve(options: WorkerProcessOptions, temporal: WorkerConnection): Promise<void> {
  const { inventory, logger, signal } = options;
  const { connection, namespace, address } = temporal;
  await prepareNamespace(connection, namespace, logger);
  const bundle = options.bundle ?? (await workflowBundle({ logger: temporalLogger(logger) }));
  if (signal.aborted) return;
  const workers = await startWorkers({ ...options, connection, namespace, bundle });
  const { queues } = workers;
  logger.info({ address, namespace, queues, inventory: inventory.file }, 'worker ready');
  options.onReady?.(queues);
  signal.addEventListener('abort', () => void workers.stop().catch(() => {}), { once: true });
  await workers.finished;
}

/** Where we may not register search attributes, somebody else must: said once, and the work goes on. */
async function prepareNamespace(
  connection: WorkerConnection['connection'],
  namespace: string,
  logger: Logger,
): Promise<void> {
  try {
    const added = await registerSearchAttributes(connection, namespace);
    if (added.length > 0) logger.info({ namespace, added }, 'search attributes registered');
  } catch (error) {
    logger.warn(
      { namespace, reason: (error as Error).message },
      'search attributes could not be checked; if they are missing, runs stand still: see docs/configuration.md',
    );
  }
}

/** Signals are ours: the SDK's own handler would stop the workers and leave the process standing. */
function installRuntime(logger: Logger, metrics: string | undefined): void {
  const options: RuntimeOptions = {
    logger: temporalLogger(logger),
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} },
      ...(metrics === undefined ? {} : { metrics: { prometheus: { bindAddress: metrics } } }),
    },
  };
  try {
    Runtime.install(options);
  } catch (error) {
    if (metrics === undefined) throw error;
    const cannot = `Metrics cannot be served on ${metrics}`;
    const isTaken = /in use/.test((error as Error).message);
    if (isTaken) throw workerError('PortTaken', `${cannot}: the port is taken.`, error);
    throw workerError('BadConfiguration', `${cannot}: expected IP:PORT of this machine.`, error);
  }
}
