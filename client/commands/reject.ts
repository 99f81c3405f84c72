import { examples, type Declare } from '../declare.ts';
import { withSayOptions, type SayOptions } from '../saying.ts';
import { stopVote } from '../voting.ts';

export const declareReject: Declare = (parent, act) => {
  const command = parent
    .command('reject')
    .summary('reject the plan at the gate; the recovery ends')
    .description('Sends a rejection to the open gate. One rejection ends the recovery, and nothing is done.')
    .argument('<cluster>', 'cluster of the inventory')
    .requiredOption('--reason <text>', 'why; goes into the report');
  withSayOptions(command, 'who rejects')
    .addHelpText(
      'after',
      examples([
        "cpr reject prod-eu-1 --reason 'master-1 is being replaced today'",
        'the recovery ends here',
      ]),
    )
    .action(
      act((context, cluster: string, options: SayOptions) => stopVote(context, cluster, 'reject', options)),
    );
};
