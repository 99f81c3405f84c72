import type { RunState } from '../../domain/run.ts';
import type { Context } from '../context.ts';
import { examples, type Declare } from '../declare.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { newestState } from '../follow.ts';
import type { Gateway, RunSummary } from '../gateway.ts';
import { runPage } from '../links.ts';
import { exitCodeOfState } from '../outcome.ts';
import { isText, tell } from '../output.ts';
import { renderBrake } from '../render/brake.ts';
import { renderRun, renderPlanText } from '../render/run.ts';
import { renderStatusTable, type StatusRow } from '../render/status.ts';
import { viewOf } from '../run-view.ts';
import { requireKnown } from '../targets.ts';

export const declareStatus: Declare = (parent, act) => {
  parent
    .command('status')
    .summary('how the recoveries stand')
    .description(
      'Without a cluster: every cluster of the inventory and its recovery. With one: its newest recovery with plan, steps and what it waits for.',
    )
    .argument('[cluster]', 'cluster of the inventory')
    .addHelpText(
      'after',
      examples(
        ['cpr status', 'which cluster waits for me?'],
        ['cpr status prod-eu-1', 'the plan, the steps, the gate; exit code 6 when it waits for a person'],
      ),
    )
    .action(
      act(async (context, cluster: string | undefined) =>
        cluster === undefined ? statusOfAll(context) : statusOfOne(context, cluster),
      ),
    );
};

async function statusOfOne(context: Context, cluster: string): Promise<ExitCode> {
  await requireKnown(context, cluster);
  const gateway = await context.connect();
  const brake = await gateway.brake.read(cluster);
  const held = renderBrake(cluster, brake, context.io.now());
  // The brake is on or off whether there was ever a run or not.
  const { run, state } = await newestState(gateway, cluster).catch((error: unknown) => {
    if (held !== '' && isText(context)) context.io.out(`${held}\n`);
    throw error;
  });
  const view = viewOf(context, runPage(gateway.place, run));
  const plan = () => (state.outcome ? '' : renderPlanText(state));
  await tell(context, {
    data: { workflowId: run.workflowId, runId: run.runId, page: view.page, brake, state },
    text: () => [plan(), renderRun(state, view), state.paused ? '' : held].filter(Boolean).join('\n\n'),
  });
  // How an old recovery ended is no news: only what waits for a person is.
  return state.outcome ? exitCodes.done : exitCodeOfState(state);
}

async function statusOfAll(context: Context): Promise<ExitCode> {
  const inventory = await context.inventory();
  const gateway = await context.connect();
  const open = await gateway.openRuns();
  const known = [...(inventory?.masters.keys() ?? [])];
  const clusters = [...new Set([...known, ...open.map((run) => run.cluster)])];
  const rows = await Promise.all(clusters.map((cluster) => rowOf(gateway, cluster, open)));
  const view = viewOf(context);
  await tell(context, { data: { clusters: rows }, text: () => renderStatusTable(rows, view) });
  return exitCodes.done;
}

async function rowOf(gateway: Gateway, cluster: string, open: readonly RunSummary[]): Promise<StatusRow> {
  const [brake, run] = await Promise.all([
    gateway.brake.read(cluster),
    open.find((each) => each.cluster === cluster) ?? gateway.newestRun(cluster),
  ]);
  if (!run) return { cluster, brake };
  const state = await stateOf(gateway, run);
  return { cluster, brake, run, ...(state ? { state } : {}) };
}

/** A worker that is away hides one row's details, never the table. */
async function stateOf(gateway: Gateway, run: RunSummary): Promise<RunState | undefined> {
  try {
    return run.status === 'RUNNING' ? await gateway.state(run) : (await gateway.result(run)).state;
  } catch {
    return undefined;
  }
}
