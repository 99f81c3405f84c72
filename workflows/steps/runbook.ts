import type { Plan } from '../../domain/plan.ts';
import type { RefusalReason, Verdict } from '../../domain/verdict.ts';
import type { Hands } from './activities.ts';
import type { Achieved } from './endings.ts';
import type { Run } from './run.ts';
import type { Procedure } from './step-runner.ts';

/** What one runbook adds to the spine that all of them share. */
export interface Runbook {
  name: Plan['runbook'];
  /** One look at the cluster, and the decision about it. Reads the policy too: a gate outlives a change of the inventory. */
  look: (run: Run, hands: Hands) => Promise<Verdict>;
  /** The refusal which says that there is nothing to mend; at a gate it means that the fault has gone. */
  healthy: RefusalReason;
  knowsStep: (stepId: string) => boolean;
  procedure: (run: Run, hands: Hands, plan: Plan) => Procedure & { proofs: () => string[] };
  /** How often a verdict that waits is asked for anew, and for how long; absent: what it waits for comes within minutes. */
  pace?: () => Pace;
  achieved: (plan: Plan) => Achieved;
}

export interface Pace {
  everyMs: number;
  atMostMs: number;
}
