import { workflowInfo } from '@temporalio/workflow';
import type { Gate } from '../../domain/approval.ts';
import { rulesChanged } from '../../domain/gate.ts';
import type { Policy } from '../../domain/policy.ts';
import type { Proceed, RefusalReason, Verdict } from '../../domain/verdict.ts';
import { resolved } from './endings.ts';
import { describeFailure } from './failures.ts';
import { beginLook, type Looking } from './looking.ts';
import { tell, type Ending, type Run } from './run.ts';

/** What the cluster itself may answer while people are awaited. */
export type Overtaken =
  /** It is no longer the one that the plan was made for, or the inventory says otherwise how it is approved. */
  { kind: 'drifted'; verdict: Proceed } | { kind: 'closed'; ending: Ending };

/** How to look while people are awaited, and which refusal then means that the fault has gone. */
export interface Watched {
  look: () => Promise<Verdict>;
  healthy: RefusalReason;
}

interface Lookout {
  /** When to wake up for the next look, in milliseconds; never while one is under way. */
  dueAt: () => number;
  hasNews: () => boolean;
  /** Takes in what was seen, begins the next look when it is time, and says whether the wait is over. */
  hear: () => Overtaken | undefined;
  stop: () => void;
}

/**
 * Looks at the cluster now and then while the gate is open. A look goes on beside the wait, not within it: a cluster that
 * does not answer must delay neither a person's vote nor the deadline.
 */
export function keepLookout(run: Run, { digest }: Proceed, gate: Gate, { look, healthy }: Watched): Lookout {
  let dueAt = nextLook(run.policy);
  let looking: Looking<Verdict> | undefined;
  let told = '';
  const stands = (seen: Proceed) =>
    seen.digest === digest && rulesChanged(run.policy, seen.plan, gate) === undefined;
  return {
    dueAt: () => (looking ? Infinity : dueAt),
    hasNews: () => looking?.result !== undefined,
    stop: () => looking?.stop(),
    hear: () => {
      if (!looking && Date.now() >= dueAt) looking = beginLook(look);
      if (!looking?.result) return undefined;
      const { overtaken, text } = meaningOf(looking.result, stands, healthy);
      // Once per change: a run that says every minute that nothing changed is not read when something did.
      if (!overtaken && text !== told) tell(run, text === '' ? 'The plan stands as shown again' : text);
      told = text;
      looking = undefined;
      dueAt = nextLook(run.policy);
      if (dueAt === Infinity) tell(run, noMoreLooks);
      return overtaken;
    },
  };
}

/**
 * A long wait with many looks fills the history, and Temporal ends a run whose history has 51,200 events or 50 MB. Where
 * it suggests to be careful the run looks ten times less often; and what is left near the end is kept for the vote, the
 * look that follows it and the acts.
 */
function nextLook(policy: Policy): number {
  const { historyLength, historySize, continueAsNewSuggested } = workflowInfo();
  if (historyLength > 40_000 || historySize > 40e6) return Infinity;
  return Date.now() + policy.reobserveEveryMs * (continueAsNewSuggested ? 10 : 1);
}

const noMoreLooks =
  'The history of this run is nearly full: it does not look again before the vote. The vote is still followed by a look.';

/** The end of the wait, or something to tell (empty: all as it was shown). */
function meaningOf(
  result: NonNullable<Looking<Verdict>['result']>,
  stands: (seen: Proceed) => boolean,
  healthy: RefusalReason,
): { overtaken?: Overtaken; text: string } {
  if ('failed' in result) return { text: `Could not look again: ${describeFailure(result.failed).message}` };
  const { value: verdict } = result;
  if (verdict.kind === 'proceed') {
    if (stands(verdict)) return { text: '' };
    return { overtaken: { kind: 'drifted', verdict }, text: '' };
  }
  if (verdict.kind === 'refuse' && verdict.reason === healthy) {
    return { overtaken: { kind: 'closed', ending: resolved(verdict) }, text: '' };
  }
  // Not an end: a node that is out of reach for a minute may be back before anyone votes, and a vote is followed by a new look.
  return { text: `Seen while waiting: an approval now would lead to no action. ${verdict.because}` };
}
