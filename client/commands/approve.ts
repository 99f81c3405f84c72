import { riskOf } from '../../domain/plan.ts';
import type { Context } from '../context.ts';
import { confirmPlan } from '../confirm.ts';
import { examples, type Declare } from '../declare.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { openState } from '../follow.ts';
import { runPage } from '../links.ts';
import { exitCodeOfState } from '../outcome.ts';
import { isText, say, tell } from '../output.ts';
import { renderPlanText, SHORT_DIGEST } from '../render/run.ts';
import { renderEnd } from '../render/run-end.ts';
import { viewOf } from '../run-view.ts';
import { withSayOptions, type SayOptions } from '../saying.ts';
import { requireKnown } from '../targets.ts';
import { castVote, requireGate } from '../voting.ts';
import { watchRun } from '../watch-run.ts';

interface ApproveOptions extends Omit<SayOptions, 'reason'> {
  digest?: string;
  reason?: string;
  wait?: boolean;
}

export const declareApprove: Declare = (parent, act) => {
  const command = parent
    .command('approve')
    .summary('approve exactly the plan at the gate')
    .description(
      "Shows the plan that waits and sends an approval for exactly it. At a terminal it asks first; a plan with a step that cannot be undone is approved by typing the cluster's name. In a script, --digest names the plan that was seen; another plan is not approved. Where approvals are signed, it signs with your SSH key.",
    )
    .argument('<cluster>', 'cluster of the inventory')
    .option(
      '--digest <hex>',
      'approve without being asked, but only the plan whose digest begins so (12 digits or more)',
    )
    .option('--reason <text>', 'why; goes into the report')
    .option('--wait', 'follow the recovery to its end');
  withSayOptions(command, 'who approves')
    .addHelpText(
      'after',
      examples(
        ['cpr approve prod-eu-1', 'read the plan, confirm, approve'],
        ['cpr approve prod-eu-1 --wait', 'and follow it until it has ended'],
        ['cpr approve prod-eu-1 --digest 3f9a0b12c4d5', 'from a script'],
        [
          'cpr approve prod-eu-1 --key ~/.ssh/id_ed25519_sk',
          'with a hardware key, where approvals are signed',
        ],
        ['cpr approve prod-eu-1 --print --from -', 'sign what the Web UI shows, far from Temporal'],
      ),
    )
    .action(
      act(async (context, cluster: string, options: ApproveOptions) => {
        await requireKnown(context, cluster);
        if (options.from === undefined) return approve(context, cluster, options);
        const { signCopied } = await import('../copied.ts');
        await signCopied(context, { cluster, saying: { kind: 'vote', decision: 'approve' }, options });
        return exitCodes.done;
      }),
    );
};

async function approve(context: Context, cluster: string, options: ApproveOptions): Promise<ExitCode> {
  const gateway = await context.connect();
  const { run, state } = await openState(gateway, cluster);
  const { plan, digest } = requireGate(state);
  if (isText(context) && options.digest === undefined) say(context, `${renderPlanText(state)}\n`);
  await confirmPlan(context, { cluster, risk: riskOf(plan), digest, quoted: options.digest });
  const reason = options.reason ?? `read and approved plan ${digest.slice(0, SHORT_DIGEST)}`;
  const sent = await castVote(context, { gateway, run, state }, 'approve', { ...options, reason });
  if (!sent) return exitCodes.done;
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
