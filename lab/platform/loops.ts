import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../handle.ts';

/** What a loop is given at every step. */
export interface Surroundings {
  lab: Lab;
  /** The time that the loop shall act upon. */
  now: Date;
  /** One line into `platform.log` below the lab's directory. */
  log: (text: string) => void;
}

/** A stand-in for one of the platform's controllers: looks at the cluster, and does the next thing. */
export interface Loop {
  name: string;
  /** From the end of one step to the begin of the next. */
  everyMs: number;
  /** May throw: an API that is down is this loop's daily bread; the next step tries again. */
  step(surroundings: Surroundings): Promise<void>;
}

export interface LoopsOptions {
  lab: Lab;
  signal: AbortSignal;
  write: (line: string) => void;
}

/** Runs every loop, each at its own pace, until the signal is aborted. */
export async function runLoops(loops: readonly Loop[], { lab, signal, write }: LoopsOptions): Promise<void> {
  await Promise.all(
    loops.map((loop) => {
      const log = (text: string) => write(`${new Date().toISOString()} ${loop.name}: ${text}`);
      return runLoop(loop, { lab, log }, signal);
    }),
  );
}

async function runLoop(
  loop: Loop,
  surroundings: Omit<Surroundings, 'now'>,
  signal: AbortSignal,
): Promise<void> {
  let lastError = '';
  while (!signal.aborted) {
    try {
      await loop.step({ ...surroundings, now: new Date() });
      if (lastError !== '') surroundings.log('works again');
      lastError = '';
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      // An outage of minutes is one line, not hundreds.
      if (text !== lastError) surroundings.log(text);
      lastError = text;
    }
    // Aborted in the meantime: the condition above ends it.
    await sleep(loop.everyMs, undefined, { signal }).catch(() => {});
  }
}
