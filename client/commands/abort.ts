import { command as sendCommand } from '../commanding.ts';
import { examples, type Declare } from '../declare.ts';
import { withSayOptions, type SayOptions } from '../saying.ts';
import type { AbortRequest } from '../../domain/run.ts';

export const declareAbort: Declare = (parent, act) => {
  const command = parent
    .command('abort')
    .summary('end a recovery safely, undoing what can be undone')
    .description(
      'Asks the open recovery to end at its next safe place. Before the point of no return everything is put back; after it the abort is refused, with what to do instead.',
    )
    .argument('<cluster>', 'cluster of the inventory')
    .requiredOption('--reason <text>', 'why; goes into the report');
  withSayOptions(command, 'who aborts')
    .addHelpText(
      'after',
      examples(["cpr abort prod-eu-1 --reason 'wrong cluster'", 'put everything back and end']),
    )
    .action(
      act((context, cluster: string, options: SayOptions) =>
        sendCommand(
          context,
          cluster,
          {
            saying: { kind: 'abort' },
            name: 'request',
            send: (gateway, run, { by = '', reason = '', ...about }) => {
              const request: AbortRequest = { ...about, by, reason };
              return gateway.abort(run, request);
            },
          },
          options,
        ),
      ),
    );
};
