import type { BrakeRequest } from '../../domain/brake.ts';
import {
  chosenClusters,
  eachCluster,
  withBrakeOptions,
  worst,
  type BrakeOptions,
  type BrakeRow,
} from '../braking.ts';
import { examples, type Declare } from '../declare.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { Gateway } from '../gateway.ts';
import { tell } from '../output.ts';
import { renderBrakes } from '../render/brake.ts';

export const declarePause: Declare = (parent, act) => {
  const command = parent
    .command('pause')
    .summary('put the brake on: no run begins another act')
    .description(
      'Puts the brake of a cluster on. No run of it begins another act; what is under way ends, and each run waits at its step until `cpr resume`. Asks nothing, needs no worker, and holds runs that are started later too. Aborts are heard meanwhile.',
    )
    .argument('[cluster]', 'cluster of the inventory');
  withBrakeOptions(command)
    .option('--by <name>', 'who pauses (default: CPR_USER, or you@this-host)')
    .addHelpText(
      'after',
      examples(
        ["cpr pause prod-eu-1 --reason 'switch is being replaced'", 'stop before the next act'],
        ["cpr pause --all --reason 'do not touch anything'", 'everywhere'],
      ),
    )
    .action(
      act(async (context, cluster: string | undefined, options: BrakeOptions) => {
        const clusters = await chosenClusters(context, 'pause', cluster, options);
        const { pauseWords } = await import('../brake-words.ts');
        const gateway = await context.connect();
        const rows = await eachCluster(clusters, async (each) =>
          putOn(gateway, await pauseWords(context, each, options)),
        );
        await tell(context, { data: { clusters: rows }, text: () => renderBrakes(rows) });
        return worst(rows);
      }),
    );
};

async function putOn(gateway: Gateway, request: BrakeRequest): Promise<BrakeRow> {
  const { cluster } = request;
  const brake = await gateway.brake.putOn(request);
  const row = (sentence: string, exitCode: ExitCode): BrakeRow => ({ cluster, brake, sentence, exitCode });
  if (brake === 'on')
    return row(`no run begins another act; cpr resume ${cluster} releases it`, exitCodes.done);
  if (brake === 'unconfirmed') {
    const sentence =
      'asked for, and no worker has confirmed it yet; a run that a worker wakes holds until that is known';
    return row(sentence, exitCodes.error);
  }
  const reading = await gateway.brake.read(cluster);
  if (reading.state !== 'on')
    return row('but only a moment ago: somebody has released it since; pause again', exitCodes.error);
  const { since, by, reason } = reading.brake;
  return row(`since ${since}, by ${by}: ${reason}`, exitCodes.done);
}
