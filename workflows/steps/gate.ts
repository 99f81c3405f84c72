import { condition, uuid4 } from '@temporalio/workflow';
import type { Gate } from '../../domain/approval.ts';
import { whatChanged } from '../../domain/drift.ts';
import { gateStateAt, votesMissing, votesNeededFor } from '../../domain/gate.ts';
import { riskOf, type Plan } from '../../domain/plan.ts';
import type { Proceed } from '../../domain/verdict.ts';
import { aborted, expired, rejected } from './endings.ts';
import { keepLookout, type Overtaken, type Watched } from './lookout.ts';
import { enter, now, tell, type Ending, type Run } from './run.ts';

export type GateAnswer = { kind: 'approved' } | Overtaken | { kind: 'closed'; ending: Ending };

/**
 * Shows the plan and waits for people. Nothing has been done yet, so every way out of here is safe: approval, rejection,
 * abort, the deadline, or the fault's going away by itself. Nothing approves but people.
 */
export async function awaitApproval(
  run: Run,
  proposal: Proceed,
  number: number,
  watched: Watched,
): Promise<GateAnswer> {
  const gate = open(run, proposal, number);
  const deadline = Date.parse(gate.deadline);
  const summary = `Waiting for approval of ${gate.id}: ${proposal.plan.target}`;
  const lookout = keepLookout(run, proposal, watched);
  let remindAt = Date.now() + run.policy.remindEveryMs;
  for (;;) {
    const wakeIn = Math.min(deadline, remindAt, lookout.dueAt()) - Date.now();
    await condition(() => isAnswered(run, gate) || lookout.hasNews(), Math.max(1, wakeIn), { summary });

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

function open(run: Run, { digest, plan }: Proceed, number: number): Gate {
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
    opened: now(),
    deadline: new Date(Date.now() + policy.gateDeadlineMs).toISOString(),
    votes: [],
  };
  run.state.gate = gate;
  enter(
    run,
    'waiting-for-approval',
    `Gate ${gate.id} opened: ${votesMissing(gate)} approval(s) needed until ${gate.deadline}`,
  );
  return gate;
}

function isAnswered(run: Run, gate: Gate): boolean {
  return run.abort !== undefined || gateStateAt(gate, now()) !== 'open';
}

/** Of several answers at once the safest one is taken: abort before rejection before approval. */
function answerOf(run: Run, gate: Gate): GateAnswer {
  if (run.abort) return { kind: 'closed', ending: aborted(run.abort, 'Nothing had been done.') };
  if (gateStateAt(gate, now()) === 'approved') return { kind: 'approved' };
  const no = gate.votes.find((vote) => vote.decision === 'reject');
  return { kind: 'closed', ending: no ? rejected(no) : expired(gate) };
}

/** The approval is for a plan that is no longer the right one. */
export function voidGate(run: Run, before: Plan, after: Plan): void {
  const changes = whatChanged(before, after).join('; ');
  tell(run, `Gate ${run.state.gate?.id} is void, its votes do not count any more: ${changes}`);
}
