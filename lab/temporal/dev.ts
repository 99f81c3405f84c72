import { join } from 'node:path';
import type { Activities } from '../../activities/contract.ts';
import type { Inventory } from '../../worker/config/inventory.ts';
import type { Logger } from '../../worker/logger.ts';
import { runWorker } from '../../worker/process.ts';
import { cacheDir } from '../host/cache.ts';
import { withLock } from '../host/lock.ts';
import { during, silentProgress, type Progress } from '../host/progress.ts';
import { resolveTemporalBinary } from './binary.ts';
import { isFree } from './ports.ts';
import { startTemporalServer, type TemporalServer } from './server.ts';

/** Where every client looks when it was told nothing. */
const usualPorts = { grpc: 7233, ui: 8233 };

export interface DevOptions {
  inventory: Inventory;
  activities: Activities;
  progress: Progress;
  /** The worker's log; on a terminal better a file than the screen. */
  logger: Logger;
  /** Runs outlive a restart in here. Absent: `temporal/dev.db` in the cache. */
  dbFile?: string;
  /** Absent: Temporal's usual ports if both are free, else any. */
  ports?: { grpc: number; ui: number };
  /** Ends worker, then server. */
  signal: AbortSignal;
  /** Called once, when runs can be started. */
  onReady?: (dev: DevPlace) => void;
}

export interface DevPlace {
  /** `127.0.0.1:7233` */
  address: string;
  /** `http://127.0.0.1:8233` */
  uiUrl: string;
  inventory: Inventory;
}

/**
 * A Temporal server and a worker for the inventory, in one process tree, until the signal. Resolves when both have ended;
 * throws when one of them ends by itself, after ending the other.
 */
export async function runDev(options: DevOptions): Promise<void> {
  const dbFile = options.dbFile ?? join(cacheDir(), 'temporal', 'dev.db');
  await alone(dbFile, () => serve({ ...options, dbFile }));
}

/** What a person needs to go on in another terminal. */
export function describeDev({ address, uiUrl, inventory }: DevPlace): string {
  const usual = address.endsWith(`:${usualPorts.grpc}`) && uiUrl.endsWith(`:${usualPorts.ui}`);
  return [
    `Temporal   ${address}`,
    `Web UI     ${uiUrl}`,
    `Inventory  ${inventory.file} (${Object.keys(inventory.clusters).join(', ')})`,
    ...(usual ? [] : [`In other terminals first: export TEMPORAL_ADDRESS=${address} CPR_WEB_UI=${uiUrl}`]),
    'Ctrl-C stops all of it; runs are kept and go on next time.',
  ].join('\n');
}

async function serve(options: DevOptions & { dbFile: string }): Promise<void> {
  const { progress, signal, dbFile } = options;
  const binary = await resolveTemporalBinary({ progress, signal });
  const ports = options.ports ?? (await usualIfFree());
  const server = await during(progress, 'Starting Temporal', () =>
    startTemporalServer({ binary, dbFile, durable: true, signal, ...(ports ? { ports } : {}) }),
  );
  // The server must outlive the worker, which gives its work back to it: the signal reaches the worker only.
  const worker = new AbortController();
  signal.addEventListener('abort', () => worker.abort(signal.reason), { once: true });
  const lost = server.ended.then((how) => {
    worker.abort(new Error('the server has gone'));
    throw new Error(`The Temporal server ${how}; its log is ${server.logFile}`);
  });
  const working = work(options, server, worker.signal);
  try {
    await Promise.race([working, lost]);
  } finally {
    lost.catch(() => {});
    await working.catch(() => {});
    await server.stop();
  }
}

async function work(options: DevOptions, server: TemporalServer, signal: AbortSignal): Promise<void> {
  const { inventory, activities, logger, onReady } = options;
  const { address, uiUrl } = server;
  await runWorker({
    inventory,
    activities,
    logger,
    signal,
    address,
    onReady: () => onReady?.({ address, uiUrl, inventory }),
  });
}

async function usualIfFree(): Promise<{ grpc: number; ui: number } | undefined> {
  const free = await Promise.all([isFree(usualPorts.grpc), isFree(usualPorts.ui)]);
  return free.every(Boolean) ? usualPorts : undefined;
}

/** Two servers on one database would spoil it: the second is told who the first is, instead of waiting for its end. */
function alone(dbFile: string, run: () => Promise<void>): Promise<void> {
  const other = new AbortController();
  const say = (text: string) => {
    const holder = /Process (\d+)/.exec(text)?.[1] ?? 'another';
    other.abort(
      new Error(`A dev server with ${dbFile} runs already, as process ${holder}. Use that one, or end it.`),
    );
  };
  const progress: Progress = { ...silentProgress(), say };
  return withLock(dbFile, { what: 'the dev server', progress, signal: other.signal }, run);
}
