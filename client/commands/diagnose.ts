import { examples, type Declare } from '../declare.ts';
import { exitCodes } from '../exit-codes.ts';
import { isText, styleOf, tell } from '../output.ts';
import { renderHealth } from '../render/health.ts';
import { requireKnown } from '../targets.ts';
import { parseTimeout } from '../values.ts';
import { waiting } from '../waiting.ts';

export const declareDiagnose: Declare = (parent, act) => {
  parent
    .command('diagnose')
    .summary('look what is broken, how we know, and what fits')
    .description(
      'Looks at a cluster once, through its worker, and says what is broken, how we know, and which runbook fits or why none does. Changes nothing.',
    )
    .argument('<cluster>', 'cluster of the inventory')
    .option('--timeout <duration>', 'give up after', parseTimeout, parseTimeout('60s'))
    .addHelpText(
      'after',
      examples(
        ['cpr diagnose prod-eu-1', 'seconds; exit code 3 when something was found'],
        ['cpr diagnose prod-eu-1 -o wide', 'with the source of every fact'],
        ['cpr diagnose prod-eu-1 -o json', 'for a program'],
      ),
    )
    .action(
      act(async (context, cluster: string, { timeout }: { timeout: number }) => {
        await requireKnown(context, cluster);
        const gateway = await context.connect();
        const result = await waiting(context, `Looking at ${cluster}`, () =>
          gateway.diagnose(cluster, { timeoutMs: timeout, signal: context.io.signal }),
        );
        const view = {
          now: context.io.now(),
          wide: context.options.output === 'wide',
          style: styleOf(context),
        };
        await tell(context, { data: result, text: () => renderHealth(result, view) });
        if (isText(context) && result.recovery) context.io.err(`${result.recovery.sentence}\n`);
        // What is kept on purpose is worth a line, and no reason to tidy it away for a green light.
        const isFinding = result.findings.some(({ severity }) => severity !== 'info');
        return isFinding || !result.healthy ? exitCodes.findings : exitCodes.done;
      }),
    );
};
