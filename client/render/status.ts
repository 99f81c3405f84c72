import type { RunState } from '../../domain/run.ts';
import type { BrakeReading } from '../../domain/brake.ts';
import type { RunSummary } from '../gateway.ts';
import { nowLine } from './news.ts';
import type { RunView } from './run.ts';
import { relative, table, WIDE } from './text.ts';

export interface StatusRow {
  cluster: string;
  brake: BrakeReading;
  run?: RunSummary;
  state?: RunState;
}

export function renderStatusTable(rows: readonly StatusRow[], view: RunView): string {
  if (rows.length === 0) return 'No recovery is open, and no inventory lists a cluster.';
  const head = view.wide
    ? ['CLUSTER', 'NODE', 'STATE', 'STARTED', 'RECOVERY', 'REQUESTER', 'DETAIL']
    : ['CLUSTER', 'NODE', 'STATE', 'STARTED', 'DETAIL'];
  const cells = rows.map((row) => cellsOf(row, view));
  return table(head, cells, view.wide ? WIDE : undefined);
}

function cellsOf(row: StatusRow, view: RunView): string[] {
  const { cluster, brake, run } = row;
  const held = heldBy(brake);
  if (!run) {
    if (held === '') return [cluster, '-', 'no recovery'];
    return [cluster, '-', 'no recovery', '-', ...(view.wide ? ['-', '-'] : []), held];
  }
  const cells = runCells(cluster, run, row.state, view);
  return held === '' ? cells : [...cells.slice(0, -1), `${held} | ${cells.at(-1)}`];
}

function heldBy(brake: BrakeReading): string {
  if (brake.state === 'off') return '';
  return brake.state === 'on'
    ? `PAUSED by ${brake.brake.by}: ${brake.brake.reason}`
    : 'PAUSED, not confirmed';
}

function runCells(cluster: string, run: RunSummary, state: RunState | undefined, view: RunView): string[] {
  const stands = state?.outcome?.status ?? state?.phase ?? run.status.toLowerCase();
  const row = [cluster, state?.node ?? '-', stands, relative(run.startedAt, view.now)];
  const more = view.wide ? [run.runbook, state?.requester ?? '-'] : [];
  return [...row, ...more, detail(cluster, run, state, view)];
}

/** What goes on, or what a person is asked to do. */
function detail(cluster: string, run: RunSummary, state: RunState | undefined, view: RunView): string {
  if (!state) return run.status === 'RUNNING' ? 'no worker answers' : 'ended without a result';
  if (state.outcome) return state.outcome.sentence;
  if (state.blocked) return `step ${state.blocked.stepId} failed: cpr status ${cluster}`;
  if (state.gate && state.phase === 'waiting-for-approval') {
    return `closes ${relative(state.gate.deadline, view.now)}: cpr approve ${cluster}`;
  }
  return nowLine(state, view.now);
}
