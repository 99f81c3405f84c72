import { commandOf, whatNow, whatStands } from '../../domain/aftermath.ts';
import type { Gate, Vote } from '../../domain/approval.ts';
import type { Plan } from '../../domain/plan.ts';
import type { AbortRequest, Owed, RunState } from '../../domain/run.ts';
import type { Evidence, Proceed, Refuse, Verdict } from '../../domain/verdict.ts';
import type { Ending, Run, Withdrawal } from './run.ts';

/** Every way in which a run ends without having healed anything. All of them are results, none is an error. */

export function refused(verdict: Refuse): Ending {
  const { reason, because, evidence, handOver } = verdict;
  return { status: 'refused', reason, sentence: because, evidence, handOver };
}

export function resolved(verdict: Refuse): Ending {
  return {
    status: 'resolved',
    reason: 'FaultGone',
    sentence: `The fault is gone, and this run does nothing more: ${verdict.because}`,
    evidence: verdict.evidence,
  };
}

/** After approval, and before anything that cannot be taken back: what had been done is put back by then. */
export function withdrew(state: RunState, { verdict, faultGone }: Withdrawal): Ending {
  const stands = whatStands(state);
  const ending = faultGone ? resolved(verdict) : refused(verdict);
  return { ...ending, sentence: `${ending.sentence} ${stands}` };
}

export function rejected(state: RunState, vote: Vote): Ending {
  return {
    status: 'rejected',
    reason: 'RejectedByHuman',
    sentence: `${vote.by} rejected the plan: ${vote.reason}. ${whatStands(state)}`,
    evidence: [],
    handOver: whatNow(state),
  };
}

export function expired(state: RunState, gate: Gate): Ending {
  return {
    status: 'expired',
    reason: 'GateExpired',
    sentence: `Nobody approved gate ${gate.id} before ${gate.deadline}. ${whatStands(state)}`,
    evidence: [],
    handOver: whatNow(state),
  };
}

/** Somebody needs the cluster's lock, and this run had not acted. */
export function superseded(state: RunState, { by, reason }: AbortRequest): Ending {
  return {
    status: 'superseded',
    reason: 'SupersededByHuman',
    sentence: `${by} ended the run to make room for another one: ${reason}. ${whatStands(state)}`,
    evidence: [],
    handOver: whatNow(state),
  };
}

/** At a gate, or with what was begun put back as far as the runbook can. */
export function aborted(state: RunState, { by, reason }: AbortRequest): Ending {
  return {
    status: 'aborted',
    reason: 'AbortedByHuman',
    sentence: `${by} aborted the run: ${reason}. ${whatStands(state)}`,
    evidence: [],
    handOver: whatNow(state),
  };
}

/** What a plan has brought about when all of it is done. */
export interface Achieved {
  sentence: string;
  owed?: Owed;
  /** It only serves, on something that was lent: that is not called healed. */
  serving?: true;
  handOver?: string;
}

/**
 * An abort during the last step finds nothing left to stop; whoever sent it was told that the run stops. Where a step was
 * skipped the runbook has not achieved what it is for: a quorum guard that is still off must not be called put back.
 */
export function healed(
  { abort, state }: Pick<Run, 'abort' | 'state'>,
  plan: Plan,
  achieved: Achieved,
  evidence: Evidence[],
): Ending {
  const isSkipped = (id: string) => state.steps.some((step) => step.id === id && step.state === 'skipped');
  const skipped = plan.steps.filter(({ id }) => isSkipped(id));
  const stays = skipped.map(({ id, skipMeans }) => (skipMeans === undefined ? id : `${id} (${skipMeans})`));
  const what =
    skipped.length === 0
      ? achieved.sentence
      : `Done, but for what was skipped, which stays: ${stays.join('; ')}.`;
  const late = abort
    ? ` The abort by ${abort.by} (${abort.reason}) came too late: the last step was under way, and nothing was put back.`
    : '';
  const { owed, serving, handOver } = achieved;
  return {
    status: serving ? 'owed' : 'healed',
    sentence: `${what}${late}`,
    evidence,
    ...(owed === undefined ? {} : { owed }),
    ...(handOver === undefined ? {} : { handOver }),
  };
}

export function dryRun(verdict: Proceed): Ending {
  return {
    status: 'dry-run',
    sentence: `Dry run: this plan would have been proposed. ${verdict.because}`,
    evidence: verdict.evidence,
  };
}

export function approvalsNotConfigured(state: RunState, verdict: Proceed): Ending {
  const { cluster } = state;
  return {
    status: 'refused',
    reason: 'ApprovalsNotConfigured',
    sentence: `The inventory does not say how ${cluster} is approved, so this run observes and plans but never acts.`,
    evidence: verdict.evidence,
    handOver: `Choose for ${cluster} in clusters.yaml: "approvals: signed" with "approvers", or, where whoever reaches Temporal may repair it, "approvals: open" (docs/security.md says what each rests on). Restart the worker, then run "${commandOf(state)}" again.`,
  };
}

/** A cluster that changes faster than people can read is not one to act on. */
export function unsettled(gates: number): Ending {
  return {
    status: 'refused',
    reason: 'EvidenceIncomplete',
    sentence: `The cluster kept changing: ${gates} plans in turn were out of date before they could be carried out.`,
    evidence: [],
    handOver: 'Find out what changes the node (the timeline names it), stop that, and start again.',
  };
}

export function couldNotLook(cluster: string, message: string): Ending {
  return {
    status: 'refused',
    reason: 'EvidenceIncomplete',
    sentence: `${cluster} could not be looked at: ${message}`,
    evidence: [],
    handOver: `Mend what the message names; "cpr diagnose ${cluster}" shows whether it helped.`,
  };
}

export function waitedInVain(verdict: Verdict): Ending {
  return {
    status: 'refused',
    reason: 'EvidenceIncomplete',
    sentence: `Waited in vain: ${verdict.because}`,
    evidence: verdict.evidence,
    handOver: 'See why it does not come; "cpr diagnose" shows when it has.',
  };
}

/** Two versions of the worker at once. Found out before anything is done, since no retry could mend it afterwards. */
export function notUnderstood(stepId: string): Ending {
  return {
    status: 'refused',
    reason: 'ClassNotSupported',
    sentence: `The plan names a step that this worker does not know: ${stepId}.`,
    evidence: [],
    handOver: 'Workers of different versions serve this queue: run one version, then start again.',
  };
}
