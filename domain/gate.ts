import type { CastVote, Gate } from './approval.ts';
import { sameName } from './input.ts';
import type { Plan } from './plan.ts';
import { riskOf } from './plan.ts';
import type { Policy } from './policy.ts';

export type GateState = 'open' | 'approved' | 'rejected' | 'expired';

/** How many distinct people this plan needs: what its riskiest step asks for. */
export function votesNeededFor(plan: Plan, policy: Policy): number {
  const risk = riskOf(plan);
  return risk === 'break-glass' ? policy.votes.breakGlass : policy.votes[risk];
}

/**
 * What the inventory now says otherwise than when the gate opened, in words; undefined: votes count as they did. Votes that
 * were counted by one rule carry no act under another.
 */
export function rulesChanged(policy: Policy, plan: Plan, gate: Gate): string | undefined {
  if (policy.approvals !== gate.mode)
    return `approvals of this cluster are now ${policy.approvals}, they were ${gate.mode}`;
  const needed = votesNeededFor(plan, policy);
  if (needed === gate.votesNeeded) return undefined;
  return `votes needed for such a plan are now ${needed}, they were ${gate.votesNeeded}`;
}

/** The votes that count now: not what was withdrawn, nor the withdrawals themselves. */
export function standing(gate: Gate): CastVote[] {
  return gate.votes.filter((vote) => vote.decision !== 'withdraw' && vote.withdrawnAt === undefined);
}

/**
 * Approvals that are still wanting; never less than one while nobody has approved, whatever the policy says. Where two must
 * approve, the one who asked for the run does not suffice, however often: defence in depth, for two approvals under one name
 * are refused as `DuplicateVote` before they get here.
 */
export function votesMissing(gate: Gate): number {
  const approvals = standing(gate).filter((vote) => vote.decision === 'approve');
  const wanting = Math.max(0, Math.max(1, gate.votesNeeded) - approvals.length);
  const others = approvals.some((vote) => !sameName(vote.by, gate.requester));
  return wanting === 0 && gate.votesNeeded > 1 && !others ? 1 : wanting;
}

/**
 * Each vote stays in the state, which must remain small enough to be asked for, whatever somebody sends who approves and
 * withdraws for ever. Only approvals are refused beyond it: what stands can be withdrawn once, and one rejection closes the gate.
 */
export const votesAtMost = 100;

export function isFull({ votes }: Gate): boolean {
  return votes.length >= votesAtMost;
}

export function fullSentence({ id }: Gate): string {
  return `Gate ${id} holds ${votesAtMost} votes and takes no more approvals. Reject it or abort the run, find out who votes so often, and start again.`;
}

/** Of all gates of a run together: many may follow each other. */
const votesKept = 200;

/**
 * Adds a vote to those that the report names. What falls out is the oldest that was withdrawn, or is a withdrawal, for that
 * carried nothing; else the oldest.
 */
export function remember(votes: CastVote[], cast: CastVote): void {
  votes.push(cast);
  if (votes.length <= votesKept) return;
  const idle = votes.findIndex((vote) => vote.decision === 'withdraw' || vote.withdrawnAt !== undefined);
  votes.splice(Math.max(0, idle), 1);
}

/** One rejection closes a gate; a deadline closes it into a safe end. It is never approved by time. */
export function gateStateAt(gate: Gate, now: string): GateState {
  if (standing(gate).some((vote) => vote.decision === 'reject')) return 'rejected';
  if (votesMissing(gate) === 0) return 'approved';
  return Date.parse(now) < Date.parse(gate.deadline) ? 'open' : 'expired';
}
