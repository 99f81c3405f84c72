import { examples, type Declare } from '../declare.ts';
import { exitCodes } from '../exit-codes.ts';
import { openState } from '../follow.ts';
import { tell } from '../output.ts';
import { requireKnown } from '../targets.ts';
import { requireGate, voteOf } from '../voting.ts';

export const declareReject: Declare = (parent, act) => {
  parent
    .command('reject')
    .summary('reject the plan at the gate; the recovery ends')
    .description(
      'Sends a rejection to the open gate. One rejection ends the recovery; nothing has been changed.',
    )
    .argument('<cluster>', 'cluster of the inventory')
    .requiredOption('--reason <text>', 'why; goes into the report')
    .option('--by <name>', 'who rejects (default: CPR_USER, or you@this-host)')
    .addHelpText(
      'after',
      examples([
        "cpr reject prod-eu-1 --reason 'master-1 is being replaced today'",
        'the recovery ends here',
      ]),
    )
    .action(
      act(async (context, cluster: string, options: { reason: string; by?: string }) => {
        await requireKnown(context, cluster);
        const gateway = await context.connect();
        const { run, state } = await openState(gateway, cluster);
        const vote = voteOf(context, requireGate(state).gate, 'reject', options);
        const answer = await gateway.vote(run, vote);
        await tell(context, { data: { vote, answer }, text: () => answer.sentence });
        return exitCodes.done;
      }),
    );
};
