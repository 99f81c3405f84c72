import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { Activities } from '../../../activities/contract.ts';

/**
 * Activities for `Probe`. Each attempt of the act appends its number to `journal`, then heartbeats until the file
 * `release` exists: a test can kill the worker at a named instruction and not after a sleep.
 */
export function probeActivities(files: { journal: string; release: string }): Activities {
  return {
    diagnoseObservation: () => Promise.resolve([]),
    async restartKubelet() {
      const { info, heartbeat } = Context.current();
      appendFileSync(files.journal, `attempt ${info.attempt}\n`);
      while (!existsSync(files.release)) {
        heartbeat();
        await sleep(50, undefined, { signal: Context.current().cancellationSignal });
      }
      return { changed: true, sentence: `attempt ${info.attempt} did it`, startedAt: '' };
    },
  } satisfies Partial<Activities> as unknown as Activities; // as many as the probes need
}
