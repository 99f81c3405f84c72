import type { RunState } from '../../domain/run.ts';
import type { RunSummary } from '../gateway.ts';
import { nowLine } from './news.ts';
import type { RunView } from './run.ts';
import { relative, table } from './text.ts';

export interface StatusRow {
  cluster: string;
  run?: RunSummary;
  state?: RunState;
}

export function renderStatusTable(rows: readonly StatusRow[], view: RunView): string {
  if (rows.length === 0) return 'No recovery is open, and no inventory lists a cluster.';
  const head = view.wide
    ? ['CLUSTER', 'RECOVERY', 'NODE', 'STATE', 'STARTED', 'REQUESTER', 'DETAIL']
    : ['CLUSTER', 'RECOVERY', 'NODE', 'STATE', 'STARTED', 'DETAIL'];
  return table(
    head,
    rows.map((row) => cells(row, view)),
    view.wide ? 200 : undefined,
  );
}

function cells({ cluster, run, state }: StatusRow, view: RunView): string[] {
  if (!run) return [cluster, '-', '-', 'none'];
  const stands = state?.outcome?.status ?? state?.phase ?? run.status.toLowerCase();
  const started = relative(run.startedAt, view.now);
  const row = [cluster, run.runbook, state?.node ?? '-', stands, started];
  return [...row, ...(view.wide ? [state?.requester ?? '-'] : []), detail(run, state, view)];
}

function detail(run: RunSummary, state: RunState | undefined, view: RunView): string {
  if (state?.outcome) return state.outcome.sentence;
  if (state) return nowLine(state, view.now);
  return run.status === 'RUNNING' ? 'no worker answers' : 'ended without a result';
}
