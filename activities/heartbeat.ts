import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';

const HEARTBEAT_EVERY_MS = 1000;

/**
 * Runs `work` with a heartbeat every second, so that a killed worker is noticed within the heartbeat timeout of five.
 *
 * `work` gets the signal that aborts on cancellation. What it throws after that is replaced by Temporal's own
 * CancelledFailure: an AbortError that escapes is taken for a cancellation nobody asked for, the server refuses it, and
 * the attempt hangs until it times out.
 */
export async function heartbeating<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(), HEARTBEAT_EVERY_MS);
  context.heartbeat();
  try {
    return await work(context.cancellationSignal);
  } catch (error) {
    if (context.cancellationSignal.aborted) return await context.cancelled;
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/** Waits, or throws at once when `signal` aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal });
}
