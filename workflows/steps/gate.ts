import { condition, uuid4 } from '@temporalio/workflow';
import type { Gate } from '../../domain/approval.ts';
import { driftLines, whatChanged } from '../../domain/drift.ts';
import { gateStateAt, rulesChanged, standing, votesMissing, votesNeededFor } from '../../domain/gate.ts';
import { riskOf } from '../../domain/plan.ts';
import type { Drift } from '../../domain/run.ts';
import type { Proceed } from '../../domain/verdict.ts';
import { aborted, expired, rejected, superseded } from './endings.ts';
import { keepLookout, type Overtaken, type Watched } from './lookout.ts';
import { noticeReset, wasReset } from './reset.ts';
import { enter, now, tell, type Ending, type Run } from './run.ts';

/** What became of a plan that was shown. */
export type Approval =
  | { kind: 'approved'; proposal: Proceed }
  | { kind: 'closed'; ending: Ending }
  /** Another plan, or other rules: a new gate. */
  | { kind: 'overtaken'; proposal: Proceed };

/** How the cluster is looked at while people are awaited, and once more when they have approved. */
export interface Asking extends Watched {
  judge: () => Promise<{ kind: 'proposal'; proposal: Proceed } | { kind: 'ending'; ending: Ending }>;
}

/**
 * Waits until people have approved this plan and the cluster, looked at once more, still needs exactly it. Whoever takes an
 * approval back meanwhile brings the gate back to waiting.
 */
export async function awaitApproval(
  run: Run,
  proposal: Proceed,
  gate: Gate,
  asking: Asking,
): Promise<Approval> {
  for (;;) {
    if (run.state.phase !== 'waiting-for-approval')
      enter(
        run,
        'waiting-for-approval',
        `Gate ${gate.id} is open again: ${hasApproval(run) ? 'time has passed before the first act' : 'its approval does not stand any more'}`,
      );
    const answer = await awaitAnswer(run, proposal, gate, asking);
    if (answer.kind === 'closed') return answer;
    if (answer.kind === 'drifted') return overtaken(run, gate, proposal, answer.verdict);
    // Hours may lie between the plan and the vote: what was approved must still be what is there.
    enter(run, 'deciding', 'Approved: looking once more before the first act');
    const seen = await asking.judge();
    noticeReset(run);
    if (seen.kind === 'ending') return { kind: 'closed', ending: seen.ending };
    const changed = rulesChanged(run.policy, seen.proposal.plan, gate);
    if (seen.proposal.digest !== proposal.digest || changed !== undefined)
      return overtaken(run, gate, proposal, seen.proposal);
    if (gateStateAt(gate, now()) === 'approved') return { kind: 'approved', proposal: seen.proposal };
  }
}

/**
 * Called directly before each act: may it be done on the votes that there are? The first one closes the gate. False when an
 * approval was withdrawn before that, or when the run was reset, at any time.
 */
export function mayAct(run: Run): boolean {
  noticeReset(run);
  const { gate } = run.state;
  if (!gate || !hasApproval(run)) return false;
  gate.closed ??= 'its plan is being carried out';
  return true;
}

/** Whether the votes that there are carry the plan. */
export function hasApproval({ state: { gate } }: Run): boolean {
  return gate !== undefined && votesMissing(gate) === 0 && gateStateAt(gate, now()) === 'approved';
}

/** Nothing has been done on the votes yet, and the cluster is to be looked at again: until then they can be taken back. */
export function reopenGate(run: Run): void {
  if (run.state.gate) delete run.state.gate.closed;
}

type Answer = { kind: 'approved' } | Overtaken | { kind: 'closed'; ending: Ending };

/**
 * Shows the plan and waits for people. Nothing has been done yet, so every way out of here is safe: approval, rejection,
 * abort, the deadline, or the fault's going away by itself. Nothing approves but people.
 */
async function awaitAnswer(run: Run, proposal: Proceed, gate: Gate, watched: Watched): Promise<Answer> {
  const deadline = Date.parse(gate.deadline);
  const summary = `Waiting for approval of ${gate.id}: ${proposal.plan.target}`;
  const lookout = keepLookout(run, proposal, gate, watched);
  let remindAt = Date.now() + run.policy.remindEveryMs;
  for (;;) {
    const wakeIn = Math.min(deadline, remindAt, lookout.dueAt()) - Date.now();
    const isDue = () => isAnswered(run, gate) || lookout.hasNews() || wasReset(run);
    await condition(isDue, Math.max(1, wakeIn), { summary });

    noticeReset(run);
    if (isAnswered(run, gate)) {
      lookout.stop();
      return answerOf(run, gate);
    }
    const answer = lookout.hear();
    if (answer) return answer;
    if (Date.now() >= remindAt) {
      tell(
        run,
        `Still waiting for approval of ${gate.id}; it closes at ${gate.deadline} and nothing is done`,
      );
      remindAt = Date.now() + run.policy.remindEveryMs;
    }
  }
}

/** Shows a plan to people. */
export function openGate(run: Run, { digest, plan }: Proceed, number: number): Gate {
  const { policy } = run;
  const { cluster, workflow, firstRun } = run.state;
  // Changes with a Reset too: a vote that Temporal delivers again then opens nothing.
  const nonce = uuid4();
  const gate: Gate = {
    id: `plan-${number}`,
    nonce,
    digest,
    mode: policy.approvals,
    subject: { kind: 'vote', cluster, workflow, firstRun, plan: digest, nonce },
    risk: riskOf(plan),
    votesNeeded: votesNeededFor(plan, policy),
    requester: run.request.requester,
    opened: now(),
    deadline: new Date(Date.now() + policy.gateDeadlineMs).toISOString(),
    votes: [],
  };
  run.state.gate = gate;
  enter(
    run,
    'waiting-for-approval',
    `Gate ${gate.id} opened: ${approvals(votesMissing(gate))} needed until ${gate.deadline}`,
  );
  return gate;
}

function approvals(count: number): string {
  return count === 1 ? '1 approval' : `${count} approvals`;
}

function isAnswered(run: Run, gate: Gate): boolean {
  return run.abort !== undefined || run.superseded !== undefined || gateStateAt(gate, now()) !== 'open';
}

/** Of several answers at once the safest one is taken: whoever stops the run before rejection before approval. */
function answerOf(run: Run, gate: Gate): Answer {
  if (run.abort) return { kind: 'closed', ending: aborted(run.state, run.abort) };
  if (run.superseded) return { kind: 'closed', ending: superseded(run.state, run.superseded) };
  if (gateStateAt(gate, now()) === 'approved') return { kind: 'approved' };
  const no = standing(gate).find((vote) => vote.decision === 'reject');
  return { kind: 'closed', ending: no ? rejected(run.state, no) : expired(run.state, gate) };
}

/** The votes were for a plan, or by rules, that are no longer the right ones. */
function overtaken(run: Run, gate: Gate, before: Proceed, after: Proceed): Approval {
  const changed = rulesChanged(run.policy, after.plan, gate);
  const why = [
    ...(changed === undefined ? [] : [changed]),
    ...(before.digest === after.digest ? [] : whatChanged(before.plan, after.plan)),
  ].join('; ');
  gate.closed = 'it was overtaken';
  if (before.digest !== after.digest) (run.state.drifts ??= []).push(driftOf(gate, before, after, why));
  tell(run, `Gate ${gate.id} is void, its votes do not count any more: ${why}`);
  return { kind: 'overtaken', proposal: after };
}

function driftOf({ id }: Gate, before: Proceed, after: Proceed, why: string): Drift {
  const lines = driftLines(before, after);
  return { gate: id, at: now(), why, before: before.digest, after: after.digest, lines };
}
