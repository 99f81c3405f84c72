import { examples, type Declare } from '../declare.ts';
import { requestOf, startRun, type StartOptions } from '../start-run.ts';
import { requireKnown } from '../targets.ts';
import { parseTimeout } from '../values.ts';

export const declareClean: Declare = (parent, act) => {
  parent
    .command('clean')
    .summary('tidy up after a run that was terminated')
    .description(
      'Starts the runbook Cleanup: it looks for what a run left that somebody terminated (a setting that it had lent, what it had paused, its temporary credential, its half-written files, a directory that does not say how it ended), makes a plan with one step for each, and waits at its gate. Backups stay. On a node that is not well nothing is done: `cpr recover` comes first.',
    )
    .argument('<cluster>', 'cluster of the inventory')
    .option('--node <name>', 'master to clean (default: the only one that has leftovers)')
    .option('--by <name>', 'who asks (default: CPR_USER, or you@this-host)')
    .option('--dry-run', 'stop after the plan; ask nobody, change nothing')
    .option('--wait', 'go on following after the gate, to the end')
    .option('--timeout <duration>', 'stop following after; the run itself goes on', parseTimeout)
    .addHelpText(
      'after',
      examples(
        ['cpr clean prod-eu-1', 'start it, show the plan, say how to approve'],
        ['cpr clean prod-eu-1 --dry-run', 'only the plan'],
      ),
    )
    .action(
      act(async (context, cluster: string, options: StartOptions) => {
        await requireKnown(context, cluster, options.node);
        return startRun(context, 'Cleanup', requestOf(context, cluster, options), options);
      }),
    );
};
