import { examples, type Declare } from '../declare.ts';
import { newestState } from '../follow.ts';
import { runPage } from '../links.ts';
import { exitCodeOfState } from '../outcome.ts';
import { isText, tellEach } from '../output.ts';
import { renderRun } from '../render/run.ts';
import { viewOf } from '../run-view.ts';
import { requireKnown } from '../targets.ts';
import { watchRun } from '../watch-run.ts';

export const declareWatch: Declare = (parent, act) => {
  parent
    .command('watch')
    .summary('follow a recovery live')
    .description(
      'Follows the recovery of a cluster: its steps, what happens, what it waits for. Ends with the recovery. Ctrl-C stops watching only; the recovery goes on.',
    )
    .argument('<cluster>', 'cluster of the inventory')
    .addHelpText(
      'after',
      examples(
        ['cpr watch prod-eu-1', 'until it has ended'],
        ['cpr watch prod-eu-1 -o json', 'one line of JSON for every change'],
      ),
    )
    .action(
      act(async (context, cluster: string) => {
        await requireKnown(context, cluster);
        const gateway = await context.connect();
        const { run, state } = await newestState(gateway, cluster);
        const view = viewOf(context, runPage(gateway.place, run));
        if (isText(context) || state.outcome) {
          await tellEach(context, { data: state, text: () => renderRun(state, view) });
        }
        if (state.outcome) return exitCodeOfState(state);
        const last = await watchRun(context, gateway, run, {
          from: isText(context) ? state : undefined,
          until: () => false,
          stream: true,
          detached: `Stopped watching; the recovery goes on. \`cpr watch ${cluster}\` follows it again.`,
        });
        return exitCodeOfState(last);
      }),
    );
};
