import type { RunState } from '../../domain/run.ts';
import { outcomeWord, renderPlanAndGate, renderPlanText, renderWait, type RunView } from './run.ts';

/** Where a command leaves a run: at its gate with the plan, blocked, or ended. */
export function renderEnd(state: RunState, view: RunView): string {
  if (!state.outcome) return state.gate ? renderPlanAndGate(state, view) : renderWait(state, view);
  // Where nobody may approve, the plan is all that a recovery can give: a person can carry it out by hand.
  const onlyPlan = state.outcome.status === 'dry-run' || state.outcome.reason === 'ApprovalsNotConfigured';
  const plan = onlyPlan ? `${renderPlanText(state)}\n\n` : '';
  return `${plan}${view.style.bold(state.cluster)}: ${outcomeWord(state.outcome, view.style)}\n${renderWait(state, view)}`;
}
