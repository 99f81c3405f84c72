import type { RunState, StepState } from '../../domain/run.ts';
import { span } from './text.ts';
import { eventLine, type RunView } from './run.ts';

/**
 * What happened between two looks at a run, one line each: new lines of its timeline, and steps that changed. Without
 * an earlier look, everything so far.
 */
export function newsSince(before: RunState | undefined, after: RunState, view: RunView): string[] {
  const events = after.timeline.slice(before?.timeline.length ?? 0);
  const told = events.map(({ at, text }) => eventLine(at, text, view));
  const known = new Map(before?.steps.map((step) => [step.id, step]));
  const changed = after.steps.filter((step) => step.state !== (known.get(step.id)?.state ?? 'pending'));
  return [...told, ...changed.map((step) => stepLine(step, after, view))];
}

function stepLine(step: StepState, state: RunState, view: RunView): string {
  const { style } = view;
  const place = `${state.steps.indexOf(step) + 1} of ${state.steps.length}`;
  const marks: Record<StepState['state'], string> = {
    pending: ' ',
    running: style.dim('…'),
    done: style.green('✓'),
    'already-so': style.green('✓'),
    blocked: style.red('✗'),
    skipped: style.dim('-'),
    undone: style.yellow('↶'),
  };
  const ended =
    step.startedAt && step.endedAt ? Date.parse(step.endedAt) - Date.parse(step.startedAt) : undefined;
  const time = ended === undefined ? '' : style.dim(` (${span(ended)})`);
  const words = step.state === 'already-so' ? 'already so' : step.state;
  return `${marks[step.state]} step ${place}, ${step.id}: ${words}${time}${step.note ? `. ${step.note}` : ''}`;
}

/** One short line for the foot of a live view: what goes on right now. */
export function nowLine(state: RunState, now: number): string {
  if (state.blocked) return `blocked at ${state.blocked.stepId}, waits for cpr resolve`;
  if (state.phase === 'waiting-for-approval' && state.gate) {
    return `waiting for approval, ${span(Date.parse(state.gate.deadline) - now)} left`;
  }
  const running = state.steps.find((step) => step.state === 'running');
  if (running?.startedAt) return `${running.sentence}, ${span(now - Date.parse(running.startedAt))}`;
  return state.phase;
}
