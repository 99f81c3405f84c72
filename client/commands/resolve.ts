import { Argument } from 'commander';
import type { ResolveAction, ResolveStep } from '../../domain/run.ts';
import { examples, type Declare } from '../declare.ts';
import { exitCodes } from '../exit-codes.ts';
import { failure } from '../failure.ts';
import { openState } from '../follow.ts';
import { hostUser } from '../identity.ts';
import { tell } from '../output.ts';
import { requireKnown } from '../targets.ts';

export const declareResolve: Declare = (parent, act) => {
  parent
    .command('resolve')
    .summary('decide a step that failed: retry or abort')
    .description(
      'A step that fails does not end a recovery: it waits. retry does the step again; abort undoes what can be undone and ends. After the point of no return abort is refused, with what to do instead.',
    )
    .argument('<cluster>', 'cluster of the inventory')
    .addArgument(new Argument('<action>', 'what to do').choices(['retry', 'abort']))
    .requiredOption('--reason <text>', 'why; goes into the report')
    .option('--by <name>', 'who decides (default: CPR_USER, or you@this-host)')
    .addHelpText(
      'after',
      examples(
        ["cpr resolve prod-eu-1 retry --reason 'disk is free again'", 'the step is done again'],
        ["cpr resolve prod-eu-1 abort --reason 'node is being replaced'", 'undo and end'],
      ),
    )
    .action(
      act(
        async (context, cluster: string, action: ResolveAction, options: { reason: string; by?: string }) => {
          await requireKnown(context, cluster);
          const gateway = await context.connect();
          const { run, state } = await openState(gateway, cluster);
          if (!state.blocked) {
            throw failure('NothingBlocked', {
              what: `No step of the recovery of ${cluster} is blocked; it is ${state.phase}.`,
              next: `\`cpr status ${cluster}\` shows how it stands.`,
            });
          }
          const by = options.by ?? hostUser(context.io.env);
          const { stepId, since } = state.blocked;
          const decision: ResolveStep = { stepId, since, action, by, reason: options.reason };
          const answer = await gateway.resolve(run, decision);
          await tell(context, { data: { decision, answer }, text: () => answer });
          return exitCodes.done;
        },
      ),
    );
};
