import type { AbortRequest, RunState } from '../domain/run.ts';
import type { Context } from './context.ts';
import { failure } from './failure.ts';
import type { Gateway, RunSummary } from './gateway.ts';
import { isText, say } from './output.ts';
import { pause } from './patience.ts';
import { statementTo } from './saying.ts';

export interface SupersedeOptions {
  reason: string;
  by?: string;
  key?: string;
}

/** A signed word is sent at once; a copy of it must be worth nothing soon. */
const COUNTS_FOR_MS = 5 * 60_000;
const ENDS_WITHIN_MS = 10_000;

/**
 * Asks the open recovery, which waits at its gate, to make room for another one, and waits until it has. One that has
 * acted is left alone: it alone knows how to finish or to put back. Nothing open is nothing to do.
 */
export async function makeRoom(
  context: Context,
  gateway: Gateway,
  cluster: string,
  { reason, by, key }: SupersedeOptions,
): Promise<void> {
  const run = await gateway.newestRun(cluster);
  if (run?.status !== 'RUNNING') return;
  const state = await gateway.state(run);
  requireWaiting(run, state);
  const saying = { kind: 'supersede' } as const;
  const who = { ...(by === undefined ? {} : { by }), ...(key === undefined ? {} : { key }) };
  const options = { ...who, reason, expires: COUNTS_FOR_MS };
  const statement = await statementTo(context, state, saying, options);
  const request = { by: '', reason, ...statement } satisfies AbortRequest;
  const answer = await gateway.supersede(run, request);
  if (isText(context)) say(context, answer);
  await untilEnded(context, gateway, run);
}

function requireWaiting({ runbook, workflowId, startedAt }: RunSummary, state: RunState): void {
  const { phase, cluster, steps } = state;
  if (phase === 'waiting-for-approval') return;
  const acted = steps.some((step) => step.startedAt !== undefined);
  throw failure('CannotSupersede', {
    what: acted
      ? `${runbook} of ${cluster} has acted already (it is ${phase}): only a run that waits at its gate makes room.`
      : `${runbook} of ${cluster} does not wait at its gate: it is ${phase}.`,
    where: `${workflowId}, since ${startedAt.toISOString()}`,
    next: acted
      ? `\`cpr watch ${cluster}\` follows it; \`cpr abort ${cluster} --reason '…'\` puts back what can be put back.`
      : `\`cpr watch ${cluster}\` follows it; try again when it waits.`,
  });
}

async function untilEnded(context: Context, gateway: Gateway, run: RunSummary): Promise<void> {
  const signal = AbortSignal.any([context.io.signal, AbortSignal.timeout(ENDS_WITHIN_MS)]);
  while (!signal.aborted) {
    const newest = await gateway.newestRun(run.cluster);
    if (newest?.runId !== run.runId || newest.status !== 'RUNNING') return;
    await pause(context.pollMs, signal);
  }
  throw failure('TimedOut', {
    what: `The recovery of ${run.cluster} was asked to make room and has not ended yet.`,
    where: run.workflowId,
    next: `\`cpr status ${run.cluster}\` shows it; then \`cpr recover ${run.cluster}\` again.`,
  });
}
