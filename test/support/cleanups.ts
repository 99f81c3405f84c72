import assert from 'node:assert/strict';
import { digestOf } from '../../activities/decide/index.ts';
import { decideCleanup, type CleanupDecision } from '../../domain/cleanup/verdict.ts';
import type { Observation } from '../../domain/control-plane.ts';
import { planOf, type CleanupPlan } from '../../domain/plan.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { observedAt, scripts } from './observations.ts';

/** The cleanup that asks: it is open itself. */
export const cleanupRunId = 'c1ea9000000a';

/** What a Cleanup asks about this look, after one change of it or of the question. */
export function judgeCleanup(
  observation: Observation,
  change: (observation: Observation, decision: CleanupDecision) => unknown = () => {},
): Verdict {
  const decision: CleanupDecision = {
    observation,
    request: { cluster: 'lab', requester: 'anna', origin: 'cli' },
    runId: cleanupRunId,
    scripts,
    open: [cleanupRunId],
    leaseWatched: false,
    now: observedAt,
  };
  change(observation, decision);
  return decideCleanup(decision, digestOf);
}

export function cleanupPlanIn(verdict: Verdict): CleanupPlan {
  assert.ok(verdict.kind === 'proceed', verdict.because);
  return planOf('Cleanup', verdict.plan);
}
