import type { RunState } from '../../domain/run.ts';
import { cut, oneLine, PAGE_WIDTH, printable, span } from './text.ts';
import { eventLine, type RunView } from './run.ts';

/** The lines that a run's timeline has gained between two looks. Without an earlier look: all of it. */
export function newsSince(before: RunState | undefined, after: RunState, view: RunView): string[] {
  // A very long timeline loses lines from its middle; what is new is still at its end.
  const seen = before?.timeline.at(-1);
  const { timeline } = after;
  const last = seen ? timeline.findLastIndex(({ at, text }) => at === seen.at && text === seen.text) : -1;
  const told = timeline.slice(last + 1).map(({ at, text }) => eventLine(at, text, view));
  return [...told, ...driftNews(before, after)];
}

/** Whoever watches has read the plan that is void now: what is different about the new one, line by line. */
function driftNews(before: RunState | undefined, after: RunState): string[] {
  const fresh = (after.drifts ?? []).slice(before?.drifts?.length ?? 0);
  return fresh.flatMap(({ lines }) => lines.map((line) => cut(`    ${printable(line)}`, PAGE_WIDTH)));
}

/** One short line for the foot of a live view: what goes on right now. */
export function nowLine(state: RunState, now: number): string {
  if (state.paused) return `paused by ${oneLine(state.paused.by)}, waits for cpr resume`;
  if (state.blocked) return `blocked at ${state.blocked.stepId}, waits for cpr resolve`;
  if (state.phase === 'waiting-for-approval' && state.gate) {
    return `waiting for approval, ${span(Date.parse(state.gate.deadline) - now)} left`;
  }
  const running = state.steps.find((step) => step.state === 'running');
  if (running?.startedAt) return `${running.sentence}, ${span(now - Date.parse(running.startedAt))}`;
  return state.phase;
}
