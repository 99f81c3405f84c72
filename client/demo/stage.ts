import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from '../../lab/host/cache.ts';
import type { Progress } from '../../lab/host/progress.ts';
import { labDown, labUp, openLab, type Lab } from '../../lab/lab.ts';
import { resolveTemporalBinary } from '../../lab/temporal/binary.ts';
import { runDev, type DevPlace } from '../../lab/temporal/dev.ts';
import { createActivities } from '../../worker/activities.ts';
import { loadInventory } from '../../worker/config/inventory.ts';
import { createLogger } from '../../worker/logger.ts';

/** What the demo plays on: a control plane, a Temporal server, a worker. */
export interface Stage {
  lab: Lab;
  temporal: DevPlace;
  workerLog: string;
  /** It was up before, and stays up. */
  borrowed: boolean;
}

export interface StageOptions {
  progress: Progress;
  signal: AbortSignal;
}

/**
 * Brings everything up, plays, and takes everything down again in the reverse order, however the play ends. A lab that
 * was up before is used, and left up: it is somebody's.
 */
export async function onStage<T>(options: StageOptions, play: (stage: Stage) => Promise<T>): Promise<T> {
  const { progress, signal } = options;
  const wasUp = (await openLab()) !== undefined;
  // Compiled before the masters run: beside three control planes it takes twice as long.
  await resolveTemporalBinary({ progress, signal });
  const lab = await labUp({ progress, signal });
  try {
    return await withTemporal(lab, options, (parts) => play({ ...parts, borrowed: wasUp }));
  } finally {
    // Not with the signal: it is what brought us here.
    if (!wasUp) await labDown({ progress });
  }
}

async function withTemporal<T>(
  lab: Lab,
  { progress, signal }: StageOptions,
  play: (stage: Omit<Stage, 'borrowed'>) => Promise<T>,
): Promise<T> {
  const parent = join(cacheDir(), 'demo');
  await mkdir(parent, { recursive: true });
  // Runs of an earlier demo would answer for this one.
  const directory = await mkdtemp(join(parent, 'run-'));
  const workerLog = join(parent, 'worker.log');
  const inventory = await loadInventory(lab.inventory);
  const ended = new AbortController();
  const ready = Promise.withResolvers<DevPlace>();
  const running = runDev({
    inventory,
    activities: createActivities(inventory),
    progress,
    logger: createLogger({ destination: workerLog }),
    dbFile: join(directory, 'temporal.db'),
    signal: AbortSignal.any([signal, ended.signal]),
    onReady: ready.resolve,
  });
  const gone = running.then(() => {
    signal.throwIfAborted();
    throw new Error(`The worker ended by itself; its log is ${workerLog}.`);
  });
  gone.catch(() => {});
  try {
    const temporal = await Promise.race([ready.promise, gone]);
    return await Promise.race([play({ lab, temporal, workerLog }), gone]);
  } finally {
    ended.abort();
    await running.catch(() => {});
    await rm(directory, { recursive: true, force: true });
  }
}
