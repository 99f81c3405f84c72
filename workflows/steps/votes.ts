import { ApplicationFailure } from '@temporalio/workflow';
import type { CastVote, Gate, Vote } from '../../domain/approval.ts';
import { remember, standing, votesMissing } from '../../domain/gate.ts';
import { sameName } from '../../domain/input.ts';
import type { Proof } from '../../domain/statement.ts';
import type { VoteAnswer } from '../messages.ts';
import { now, tell, type Run } from './run.ts';

/** Takes in a vote that was judged. Nothing is awaited here: two votes at once are counted one after the other. */
export function countVote(run: Run, vote: Vote, proof?: Proof): VoteAnswer {
  const { gate } = run.state;
  if (!gate) throw ApplicationFailure.nonRetryable('no gate is open', 'NoGateOpen');
  const cast: CastVote = proof ? { ...vote, at: now(), proof } : { ...vote, at: now() };
  if (vote.decision === 'withdraw') withdraw(gate, cast);
  gate.votes.push(cast);
  remember(run.votes, cast);
  const have = standing(gate).filter((each) => each.decision === 'approve').length;
  const need = gate.votesNeeded;
  const said = { approve: 'approved', reject: 'rejected', withdraw: 'withdrew the approval of' }[
    vote.decision
  ];
  tell(run, `${who(vote.by, proof)} ${said} ${gate.id}: ${vote.reason} (${have} of ${need} approvals)`);
  return { have, need, sentence: meaning(gate, vote.decision) };
}

function withdraw(gate: Gate, { by, at }: CastVote): void {
  for (const vote of standing(gate)) if (sameName(vote.by, by)) vote.withdrawnAt = at;
}

function meaning(gate: Gate, decision: Vote['decision']): string {
  if (decision === 'reject') return 'Rejected: nothing is done.';
  const missing = votesMissing(gate);
  if (decision === 'withdraw') return `Withdrawn: ${missing} more needed, and nothing is done without.`;
  if (missing > 0) return `Counted; ${missing} more needed.`;
  return 'Approved: the cluster is looked at once more, then the plan is carried out.';
}

/** A name with the key that stands behind it. */
export function who(by: string, proof?: Proof): string {
  return proof ? `${by} (key ${proof.key})` : by;
}
