import { examples, type Declare } from '../declare.ts';
import { exitCodes } from '../exit-codes.ts';

export const declareDev: Declare = (parent, act) => {
  parent
    .command('dev')
    .summary('a Temporal server and a worker on this machine')
    .description(
      'Starts a Temporal dev server with its Web UI and a worker for the inventory, on this machine only, until Ctrl-C. For trying things out, never for production: the server has no access control.',
    )
    .addHelpText(
      'after',
      examples(
        ['cpr dev', 'then, in another terminal, cpr diagnose lab'],
        ['cpr --config ./clusters.yaml dev', 'for another inventory'],
      ),
    )
    .action(
      act(async (context) => {
        const { dev } = await import('../dev.ts');
        await dev(context);
        return exitCodes.done;
      }),
    );
};
