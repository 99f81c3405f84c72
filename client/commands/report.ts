import { examples, type Declare } from '../declare.ts';
import { exitCodes } from '../exit-codes.ts';
import { failure } from '../failure.ts';
import { isText, tell } from '../output.ts';
import { printable } from '../render/text.ts';
import { requireKnown } from '../targets.ts';

export const declareReport: Declare = (parent, act) => {
  parent
    .command('report')
    .summary('print the incident report')
    .description(
      'Prints the report of the newest recovery of a cluster in Markdown: summary, timeline, plan, approvals, evidence, what remains. Of an open recovery: the report so far.',
    )
    .argument('<cluster>', 'cluster of the inventory')
    .addHelpText(
      'after',
      examples(
        ['cpr report prod-eu-1 > incident.md', 'for the incident record'],
        ['cpr report prod-eu-1 -o json', 'the same facts as data'],
      ),
    )
    .action(
      act(async (context, cluster: string) => {
        await requireKnown(context, cluster);
        const gateway = await context.connect();
        const run = await gateway.newestRun(cluster);
        if (!run) {
          throw failure('NoRecovery', {
            what: `There is no recovery of ${cluster} to report on.`,
            next: `\`cpr diagnose ${cluster}\` looks what is broken.`,
          });
        }
        const open = run.status === 'RUNNING';
        if (open && isText(context)) {
          context.io.out(`${printable(await gateway.report(run)).trimEnd()}\n`);
          return exitCodes.done;
        }
        const data = open
          ? { open, state: await gateway.state(run), report: await gateway.report(run) }
          : { open, ...(await gateway.result(run)) };
        await tell(context, { data, text: () => printable(data.report).trimEnd() });
        return exitCodes.done;
      }),
    );
};
