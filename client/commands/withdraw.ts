import { examples, type Declare } from '../declare.ts';
import { withSayOptions, type SayOptions } from '../saying.ts';
import { stopVote } from '../voting.ts';

export const declareWithdraw: Declare = (parent, act) => {
  const command = parent
    .command('withdraw')
    .summary('take back your approval, until the first act begins')
    .description(
      'Takes back the approval that you gave at the open gate. The gate waits again, as if you had not voted. Once the first act has begun it is too late: then abort.',
    )
    .argument('<cluster>', 'cluster of the inventory')
    .requiredOption('--reason <text>', 'why; goes into the report');
  withSayOptions(command, 'who had approved')
    .addHelpText(
      'after',
      examples(["cpr withdraw prod-eu-1 --reason 'the node has just come back'", 'the gate waits again']),
    )
    .action(
      act((context, cluster: string, options: SayOptions) => stopVote(context, cluster, 'withdraw', options)),
    );
};
