import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  withinMs: number;
  everyMs?: number;
  signal?: AbortSignal | undefined;
}

/** Thrown by a probe when waiting longer is of no use. */
export class Hopeless extends Error {}

/**
 * Waits until `probe` answers `true`. Any other text says what is still missing and becomes the error's end when the
 * time is over; a probe that throws is "not yet", since that is what a starting control plane answers.
 */
export async function waitUntil(
  what: string,
  probe: () => Promise<true | string>,
  { withinMs, everyMs = 500, signal }: WaitOptions,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    signal?.throwIfAborted();
    const answer = await probe().catch((error: unknown) => {
      if (error instanceof Hopeless) throw error;
      return error instanceof Error ? error.message : String(error);
    });
    if (answer === true) return;
    if (Date.now() > deadline)
      throw new Error(`${what}: not within ${withinMs / 1000} s; last seen: ${answer}`);
    await sleep(everyMs, undefined, { signal });
  }
}
