import type { RunState } from '../domain/run.ts';
import { CommandFailure, failure } from './failure.ts';
import type { Gateway, RunRef } from './gateway.ts';
import { pause, untilAborted } from './patience.ts';

/** One look at a run: its state, or why there is none at the moment. The run goes on either way. */
export type Look = { state: RunState } | { trouble: string };

export interface FollowOptions {
  signal: AbortSignal;
  pollMs: number;
}

/**
 * Looks at a run again and again until it has ended or `signal` is aborted. A worker or a server that is away for a
 * while is told, not thrown: they come back, and the run goes on where it was.
 */
export async function* follow(
  gateway: Gateway,
  run: RunRef,
  { signal, pollMs }: FollowOptions,
): AsyncGenerator<Look> {
  while (!signal.aborted) {
    const look = await untilAborted(lookAt(gateway, run), signal);
    if (!look) return;
    yield look;
    if ('state' in look && look.state.outcome) return;
    await pause(pollMs, signal);
  }
}

async function lookAt(gateway: Gateway, run: RunRef): Promise<Look> {
  try {
    return { state: await gateway.state(run) };
  } catch (error) {
    if (isPassing(error)) return { trouble: troubleOf(error) };
    return await lookWithoutAnswer(gateway, run, error);
  }
}

/** The run gave no answer: it has ended, or nobody is there to give one, or something is wrong with it. */
async function lookWithoutAnswer(gateway: Gateway, run: RunRef, error: unknown): Promise<Look> {
  try {
    const look = await ended(gateway, run);
    if (look) return look;
  } catch (later) {
    if (isPassing(later)) return { trouble: troubleOf(later) };
    throw later;
  }
  if (error instanceof CommandFailure && error.code === 'NoWorker') return { trouble: troubleOf(error) };
  throw error;
}

function isPassing(error: unknown): error is CommandFailure {
  return error instanceof CommandFailure && error.code === 'TemporalUnreachable';
}

function troubleOf({ text }: CommandFailure): string {
  return `${text.what} ${text.next ?? ''}`.trim();
}

/** A closed run has its result in Temporal, or its error, and needs no worker to tell it. */
async function ended(gateway: Gateway, run: RunRef): Promise<Look | undefined> {
  const newest = await gateway.newestRun(run.cluster);
  if (newest?.runId !== run.runId || newest.status === 'RUNNING') return undefined;
  return { state: (await gateway.result(run)).state };
}

/** The state of the newest recovery, open or closed. Throws `NoRecovery` when there is none. */
export async function newestState(
  gateway: Gateway,
  cluster: string,
): Promise<{ run: RunRef; state: RunState }> {
  const run = await gateway.newestRun(cluster);
  if (!run) {
    throw failure('NoRecovery', {
      what: `There is no recovery of ${cluster}, open or ended.`,
      next: `\`cpr diagnose ${cluster}\` looks what is broken; \`cpr recover ${cluster}\` starts a recovery.`,
    });
  }
  const closed = run.status !== 'RUNNING';
  return { run, state: closed ? (await gateway.result(run)).state : await gateway.state(run) };
}

/** The same for a command that can only talk to an open recovery. */
export async function openState(
  gateway: Gateway,
  cluster: string,
): Promise<{ run: RunRef; state: RunState }> {
  const run = await gateway.newestRun(cluster);
  if (run?.status === 'RUNNING') return { run, state: await gateway.state(run) };
  throw failure('NoRecovery', {
    what: run
      ? `No recovery of ${cluster} is open; the last one ended ${run.closedAt?.toISOString() ?? ''}.`
      : `No recovery of ${cluster} is open.`,
    next: run
      ? `\`cpr report ${cluster}\` tells how it ended; \`cpr diagnose ${cluster}\` looks what is broken now.`
      : `\`cpr diagnose ${cluster}\` looks what is broken; \`cpr recover ${cluster}\` starts a recovery.`,
  });
}
