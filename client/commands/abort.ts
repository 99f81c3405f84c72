import { examples, type Declare } from '../declare.ts';
import { exitCodes } from '../exit-codes.ts';
import { openState } from '../follow.ts';
import { hostUser } from '../identity.ts';
import { tell } from '../output.ts';
import { requireKnown } from '../targets.ts';

export const declareAbort: Declare = (parent, act) => {
  parent
    .command('abort')
    .summary('end a recovery safely, undoing what can be undone')
    .description(
      'Asks the open recovery to end at its next safe place. Before the point of no return everything is put back; after it the abort is refused, with what to do instead.',
    )
    .argument('<cluster>', 'cluster of the inventory')
    .requiredOption('--reason <text>', 'why; goes into the report')
    .option('--by <name>', 'who aborts (default: CPR_USER, or you@this-host)')
    .addHelpText(
      'after',
      examples(["cpr abort prod-eu-1 --reason 'wrong cluster'", 'put everything back and end']),
    )
    .action(
      act(async (context, cluster: string, options: { reason: string; by?: string }) => {
        await requireKnown(context, cluster);
        const gateway = await context.connect();
        const { run } = await openState(gateway, cluster);
        const request = { by: options.by ?? hostUser(context.io.env), reason: options.reason };
        const answer = await gateway.abort(run, request);
        await tell(context, { data: { request, answer }, text: () => answer });
        return exitCodes.done;
      }),
    );
};
