import type { RecoveryRequest, RunState } from '../../domain/run.ts';
import type { Context } from '../context.ts';
import { examples, type Declare } from '../declare.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { Gateway, StartedRun } from '../gateway.ts';
import { hostUser } from '../identity.ts';
import { runPage } from '../links.ts';
import { isText, say, tell } from '../output.ts';
import { exitCodeOfState, waitsForPerson } from '../outcome.ts';
import { viewOf } from '../run-view.ts';
import { renderEnd } from '../render/run-end.ts';
import { requireKnown } from '../targets.ts';
import { parseTimeout } from '../values.ts';
import { watchRun } from '../watch-run.ts';

interface RecoverOptions {
  node?: string;
  by?: string;
  dryRun?: boolean;
  wait?: boolean;
  timeout?: number;
}

export const declareRecover: Declare = (parent, act) => {
  parent
    .command('recover')
    .summary('start the runbook that fits; it stops at its gate')
    .description(
      'Starts the recovery of a cluster, or joins the one that is open. It looks, makes a plan, and waits at its gate: nothing is changed before that plan is approved. Follows it to the gate (exit code 6), to a refusal (5), or with --wait to the end.',
    )
    .argument('<cluster>', 'cluster of the inventory')
    .option('--node <name>', 'master to recover (default: the only one that is affected)')
    .option('--by <name>', 'who asks (default: CPR_USER, or you@this-host)')
    .option('--dry-run', 'stop after the plan; ask nobody, change nothing')
    .option('--wait', 'go on following after the gate, to the end of the recovery')
    .option('--timeout <duration>', 'stop following after; the recovery itself goes on', parseTimeout)
    .addHelpText(
      'after',
      examples(
        ['cpr recover prod-eu-1', 'start it, show the plan, say how to approve'],
        ['cpr recover prod-eu-1 --dry-run', 'only the plan'],
        ['cpr recover prod-eu-1 --node master-1 --wait', 'and follow it until it has ended'],
      ),
    )
    .action(
      act(async (context, cluster: string, options: RecoverOptions) => {
        await requireKnown(context, cluster, options.node);
        return recover(context, requestOf(context, cluster, options), options);
      }),
    );
};

function requestOf(context: Context, cluster: string, { node, by, dryRun }: RecoverOptions): RecoveryRequest {
  return {
    cluster,
    requester: by ?? hostUser(context.io.env),
    origin: 'cli',
    ...(node === undefined ? {} : { node }),
    ...(dryRun ? { dryRun } : {}),
  };
}

async function recover(
  context: Context,
  request: RecoveryRequest,
  options: RecoverOptions,
): Promise<ExitCode> {
  const gateway = await context.connect();
  let followed = await startAndFollow(context, gateway, request, options);
  // Somebody's dry run held the cluster's lock for a few seconds; it has ended, and nobody else asked for more.
  const inTheWay = followed.last.outcome?.status === 'dry-run' && !request.dryRun;
  if (inTheWay) followed = await startAndFollow(context, gateway, request, options);
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
  request: RecoveryRequest,
  { wait, timeout }: RecoverOptions,
): Promise<{ run: StartedRun; last: RunState }> {
  const run = await gateway.startRecovery(request);
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
