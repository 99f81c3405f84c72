import type { RunState } from '../../domain/run.ts';
import type { Context } from '../context.ts';
import type { Gateway, RunRef } from '../gateway.ts';
import { cancelled, pause } from '../patience.ts';

export type Decision = 'a key' | 'elsewhere';

/**
 * Waits until a person approves with a key, or votes elsewhere: in the browser, or with `cpr approve` in another terminal.
 * Throws when the person quits.
 */
export async function personDecides(context: Context, gateway: Gateway, run: RunRef): Promise<Decision> {
  const { io } = context;
  const over = new AbortController();
  const signal = AbortSignal.any([io.signal, over.signal]);
  try {
    return await Promise.race([
      keyPressed(context, signal),
      votedElsewhere(gateway, run, context.pollMs, signal),
    ]);
  } finally {
    over.abort();
  }
}

async function keyPressed({ io }: Context, signal: AbortSignal): Promise<Decision> {
  for (;;) {
    const key = await io.key(signal);
    if (key === 'a') return 'a key';
    if (key === undefined || key === 'q') throw cancelled('Stopped at the gate: nothing was changed by cpr.');
  }
}

async function votedElsewhere(
  gateway: Gateway,
  run: RunRef,
  pollMs: number,
  signal: AbortSignal,
): Promise<Decision> {
  while (!signal.aborted) {
    await pause(pollMs, signal);
    // One answer that does not come is no decision; the next look asks again.
    const state = await gateway.state(run).catch((): RunState | undefined => undefined);
    if (state && state.phase !== 'waiting-for-approval') return 'elsewhere';
  }
  throw cancelled();
}
