import type { RecoveryRequest, RunState } from '../domain/run.ts';
import type { Context } from './context.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Gateway, StartableRunbook, StartedRun } from './gateway.ts';
import { hostUser } from './identity.ts';
import { runPage } from './links.ts';
import { exitCodeOfState, waitsForPerson } from './outcome.ts';
import { isText, say, tell } from './output.ts';
import { renderEnd } from './render/run-end.ts';
import { viewOf } from './run-view.ts';
import { watchRun } from './watch-run.ts';

/** What the commands that start a runbook have in common. */
export interface StartOptions {
  node?: string;
  by?: string;
  dryRun?: boolean;
  breakGlass?: boolean;
  wait?: boolean;
  timeout?: number;
}

export function requestOf(
  context: Context,
  cluster: string,
  { node, by, dryRun, breakGlass }: StartOptions,
): RecoveryRequest {
  return {
    cluster,
    requester: by ?? hostUser(context.io.env),
    origin: 'cli',
    ...(node === undefined ? {} : { node }),
    ...(dryRun ? { dryRun } : {}),
    ...(breakGlass ? { breakGlass } : {}),
  };
}

/** Starts the runbook, or joins the one that is open, and follows it to its gate or, with `wait`, to its end. */
export async function startRun(
  context: Context,
  runbook: StartableRunbook,
  request: RecoveryRequest,
  options: StartOptions,
): Promise<ExitCode> {
  const gateway = await context.connect();
  const follow = () => startAndFollow(context, gateway, runbook, request, options);
  let followed = await follow();
  // Somebody's dry run held the cluster's lock for a few seconds; it has ended, and nobody else asked for more.
  const inTheWay = followed.last.outcome?.status === 'dry-run' && !request.dryRun;
  if (inTheWay) followed = await follow();
  const { run, last } = followed;
  const view = viewOf(context, runPage(gateway.place, run));
  const { workflowId, runId, started } = run;
  const data = { workflowId, runId, started, page: view.page, state: last };
  await tell(context, { data, text: () => renderEnd(last, view) });
  return exitCodeOfState(last);
}

async function startAndFollow(
  context: Context,
  gateway: Gateway,
  runbook: StartableRunbook,
  request: RecoveryRequest,
  { wait, timeout }: StartOptions,
): Promise<{ run: StartedRun; last: RunState }> {
  const run = await gateway.startRecovery(request, runbook);
  const joined = `A recovery of ${request.cluster} is open already; joined it.`;
  if (isText(context)) say(context, run.started ? `Started ${run.workflowId}.` : joined);
  const last = await watchRun(context, gateway, run, {
    // A dry run that joined an open recovery wants to see its plan, and no more.
    until: (state) => !wait && (waitsForPerson(state) || (!run.started && !!request.dryRun && !!state.plan)),
    timeoutMs: timeout,
    detached: `The recovery goes on. \`cpr watch ${request.cluster}\` follows it.`,
  });
  return { run, last };
}
