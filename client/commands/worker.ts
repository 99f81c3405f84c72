import { examples, type Declare } from '../declare.ts';
import { exitCodes } from '../exit-codes.ts';

export const declareWorker: Declare = (parent, act) => {
  parent
    .command('worker')
    .summary('run the worker: the process that looks and acts')
    .description(
      'Runs the worker in the foreground, with JSON logs on stdout: it carries out the workflows and reaches the clusters of its inventory. Run it outside the control planes that it repairs. Ctrl-C and SIGTERM end it in order; recoveries go on where they were when one runs again.',
    )
    .option('--cluster <name...>', 'serve only these clusters of the inventory')
    .option('--metrics <host:port>', 'serve Prometheus metrics there')
    .addHelpText(
      'after',
      examples(
        ['cpr worker', 'all clusters of the inventory'],
        ['cpr --profile prod worker --cluster prod-eu-1', 'one cluster'],
      ),
    )
    .action(
      act(async (context, options: { cluster?: string[]; metrics?: string }) => {
        const { serveInventory } = await import('../serve.ts');
        await serveInventory(context, options);
        return exitCodes.done;
      }),
    );
};
