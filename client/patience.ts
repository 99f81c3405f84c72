import { failure } from './failure.ts';
import type { Patience } from './gateway.ts';

/** Waits for `work` until the time is over (`late` says what to throw) or the person presses Ctrl-C. */
export async function within<T>(
  { signal, timeoutMs }: Patience,
  work: () => Promise<T>,
  late: () => Error,
): Promise<T> {
  if (signal?.aborted) throw cancelled();
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const ending = new Promise<never>((_, reject) => {
    onAbort = () => reject(cancelled());
    signal?.addEventListener('abort', onAbort, { once: true });
    timer = setTimeout(() => reject(late()), timeoutMs);
  });
  try {
    return await Promise.race([work(), ending]);
  } finally {
    clearTimeout(timer);
    if (onAbort) signal?.removeEventListener('abort', onAbort);
  }
}

/** Sleeps, or wakes early (without an error) when the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const wake = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal.addEventListener('abort', wake, { once: true });
  });
}

/** The result of `work`, or undefined as soon as the signal is aborted; what `work` does after that is ignored. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return undefined;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const onAbort = () => resolve(undefined);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

export function cancelled(what = 'Cancelled.', next?: string): Error {
  return failure('Cancelled', { what, next });
}

export function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
