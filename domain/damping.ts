import type { Plan, RunbookName } from './plan.ts';
import type { Policy } from './policy.ts';
import type { Outcome } from './run.ts';

/** How a recovery of a cluster ended; `failed` is one that was terminated or ended without a result. */
export interface ClosedRecovery {
  runbook: string;
  status: Outcome['status'] | 'failed';
  reason?: Outcome['reason'];
  /** ISO 8601. */
  closedAt: string;
  /** Of its last plan, as if `proposalRunId` had made it; absent when it never came to one. */
  digest?: string;
  /** A person had approved it; then something came between. */
  approved?: boolean;
}

/** Stands in a plan for the run that made it, where two plans are compared. */
export const proposalRunId = 'proposal';

/** The same plan as another run would have made it: a plan names the directories of its run. */
export function asProposal(plan: Plan): unknown {
  return JSON.parse(JSON.stringify(plan).replaceAll(plan.pins.runId, proposalRunId));
}

const turnedDown: ClosedRecovery['status'][] = ['rejected', 'aborted', 'refused', 'expired'];
/** After these the cluster was well for a while, so what is wrong now is new. */
const mended: ClosedRecovery['status'][] = ['healed', 'resolved'];

/**
 * Why this plan is not proposed again so soon, or undefined. A person who said no at 1 a.m. is not asked the same at 1:05,
 * also when somebody made a dry run at 1:03; but a plan that reads differently rests on different evidence, and is a new
 * question. `closed`: newest first. Somebody who superseded a run said nothing about its plan.
 */
export function dampedBecause(
  closed: ClosedRecovery[],
  proposal: { runbook: RunbookName; digest: string },
  policy: Pick<Policy, 'dampingMs'>,
  now: string,
): string | undefined {
  for (const run of closed) {
    if (run.runbook !== proposal.runbook) continue;
    const until = Date.parse(run.closedAt) + policy.dampingMs;
    if (Date.parse(now) >= until || mended.includes(run.status)) return undefined;
    if (!isNo(run, proposal.digest)) continue;
    // A person said yes, and the cluster said no: once it is well again, that person is asked at once.
    if (run.status === 'refused' && run.approved === true) return undefined;
    const what = run.status === 'failed' ? 'ended without a result' : `was ${run.status}`;
    return `The same recovery ${what} at ${run.closedAt}; it is not proposed again before ${new Date(until).toISOString()} unless its evidence changes.`;
  }
  return undefined;
}

function isNo({ status, reason, digest }: ClosedRecovery, asked: string): boolean {
  // Somebody terminated it, and that is a no; to everything, where it cannot be told any more what it was about.
  if (status === 'failed') return digest === undefined || digest === asked;
  // That one was about the inventory, which has been mended since: else this plan would not be proposed.
  if (reason === 'ApprovalsNotConfigured') return false;
  return turnedDown.includes(status) && digest === asked;
}
