import type { BrakeReading, BrakeRelease } from '../../domain/brake.ts';
import {
  chosenClusters,
  eachCluster,
  withBrakeOptions,
  worst,
  type BrakeOptions,
  type BrakeRow,
} from '../braking.ts';
import { examples, type Declare } from '../declare.ts';
import { exitCodes } from '../exit-codes.ts';
import { failure } from '../failure.ts';
import type { Gateway } from '../gateway.ts';
import { tell } from '../output.ts';
import { renderBrakes } from '../render/brake.ts';

export const declareResume: Declare = (parent, act) => {
  const command = parent
    .command('resume')
    .summary('release the brake: runs go on where they hold')
    .description(
      'Releases the brake of a cluster. Runs that it holds go on at the same step; one that had not acted yet looks at the cluster again first, and asks anew when its plan has changed.',
    )
    .argument('[cluster]', 'cluster of the inventory');
  withBrakeOptions(command)
    .option('--by <name>', 'who releases it (default: CPR_USER, or you@this-host)')
    .addHelpText(
      'after',
      examples(
        ["cpr resume prod-eu-1 --reason 'switch is there'", 'and say which run goes on'],
        ["cpr resume --all --reason 'all clear'", 'everywhere'],
      ),
    )
    .action(
      act(async (context, cluster: string | undefined, options: BrakeOptions) => {
        const clusters = await chosenClusters(context, 'resume', cluster, options);
        const { releaseWords } = await import('../brake-words.ts');
        const gateway = await context.connect();
        const words = (each: string) => releaseWords(context, gateway, each, options);
        const rows = await eachCluster(clusters, (each) => release(gateway, each, words));
        await tell(context, { data: { clusters: rows }, text: () => renderBrakes(rows) });
        return worst(rows);
      }),
    );
};

async function release(
  gateway: Gateway,
  cluster: string,
  words: (cluster: string) => Promise<BrakeRelease>,
): Promise<BrakeRow> {
  const reading = await gateway.brake.read(cluster);
  if (reading.state === 'off')
    return { cluster, brake: 'was not on', sentence: 'nothing held it', exitCode: exitCodes.done };
  requireOpen(cluster, reading);
  const held = await heldRun(gateway, cluster);
  await gateway.brake.release(cluster, await words(cluster));
  return { cluster, brake: 'released', sentence: held, exitCode: exitCodes.done };
}

/** A brake whose workflow was ended from outside holds, and there is nobody left to be told of a release. */
function requireOpen(cluster: string, reading: BrakeReading): void {
  if (reading.state !== 'on' || reading.ended === undefined) return;
  throw failure('BrakeEnded', {
    what: `The brake of ${cluster} was ${reading.ended} and not released: it holds, and cannot hear a release.`,
    where: `brake/${cluster}, put on by ${reading.brake.by}: ${reading.brake.reason}`,
    next: `Put it on again and release that: cpr pause ${cluster} --reason '…', then cpr resume ${cluster} --reason '…'.`,
  });
}

/** What goes on, said before anybody has to look for it. */
async function heldRun(gateway: Gateway, cluster: string): Promise<string> {
  const run = await gateway.newestRun(cluster);
  if (run?.status !== 'RUNNING') return 'no run is open';
  const state = await gateway.state(run).catch(() => undefined);
  const name = `${run.runbook}${state?.node === undefined ? '' : ` of ${state.node}`}`;
  if (!state?.paused) return `${name} is open; it was not held`;
  const next = state.steps.find(({ state: stands }) => stands === 'pending');
  return `${name} goes on${next ? ` with step ${next.id}` : ''}; cpr watch ${cluster} follows it`;
}
