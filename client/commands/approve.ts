import { confirmPlan } from '../confirm.ts';
import { examples, type Declare } from '../declare.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { openState } from '../follow.ts';
import { runPage } from '../links.ts';
import { exitCodeOfState } from '../outcome.ts';
import { isText, say, tell } from '../output.ts';
import { renderPlanText } from '../render/run.ts';
import { viewOf } from '../run-view.ts';
import { renderEnd } from '../render/run-end.ts';
import { requireKnown } from '../targets.ts';
import { voteOf, requireGate } from '../voting.ts';
import { watchRun } from '../watch-run.ts';
import type { Context } from '../context.ts';

interface ApproveOptions {
  digest?: string;
  by?: string;
  reason?: string;
  wait?: boolean;
}

export const declareApprove: Declare = (parent, act) => {
  parent
    .command('approve')
    .summary('approve exactly the plan at the gate')
    .description(
      "Shows the plan that waits and sends an approval for exactly it. At a terminal it asks first; a plan with a step that cannot be undone is approved by typing the cluster's name. In a script, --digest names the plan that was seen; another plan is not approved.",
    )
    .argument('<cluster>', 'cluster of the inventory')
    .option(
      '--digest <hex>',
      'approve without being asked, but only the plan whose digest begins so (12 digits or more)',
    )
    .option('--by <name>', 'who approves (default: CPR_USER, or you@this-host)')
    .option('--reason <text>', 'why; goes into the report')
    .option('--wait', 'follow the recovery to its end')
    .addHelpText(
      'after',
      examples(
        ['cpr approve prod-eu-1', 'read the plan, confirm, approve'],
        ['cpr approve prod-eu-1 --wait', 'and follow it until it has ended'],
        ['cpr approve prod-eu-1 --digest 3f9a0b12c4d5', 'from a script'],
      ),
    )
    .action(
      act(async (context, cluster: string, options: ApproveOptions) => {
        await requireKnown(context, cluster);
        return approve(context, cluster, options);
      }),
    );
};

async function approve(context: Context, cluster: string, options: ApproveOptions): Promise<ExitCode> {
  const gateway = await context.connect();
  const { run, state } = await openState(gateway, cluster);
  const { gate, plan, digest } = requireGate(state);
  if (isText(context) && options.digest === undefined) say(context, `${renderPlanText(state)}\n`);
  await confirmPlan(context, { cluster, plan, digest, quoted: options.digest });
  const vote = voteOf(context, gate, 'approve', {
    by: options.by,
    reason: options.reason ?? `read and approved plan ${digest.slice(0, 12)}`,
  });
  const answer = await gateway.vote(run, vote);
  await tell(context, { data: { vote, answer }, text: () => answer.sentence });
  if (!options.wait) {
    if (isText(context)) say(context, `\`cpr watch ${cluster}\` follows it.`);
    return exitCodes.done;
  }
  const last = await watchRun(context, gateway, run, {
    from: state,
    until: () => false,
    detached: `The recovery goes on. \`cpr watch ${cluster}\` follows it.`,
  });
  const view = viewOf(context, runPage(gateway.place, run));
  await tell(context, { data: last, text: () => renderEnd(last, view) });
  return exitCodeOfState(last);
}
