import type { Gate } from './approval.ts';
import type { Plan } from './plan.ts';
import { riskOf } from './plan.ts';
import type { Policy } from './policy.ts';

export type GateState = 'open' | 'approved' | 'rejected' | 'expired';

/** How many distinct people this plan needs: what its riskiest step asks for. */
export function votesNeededFor(plan: Plan, policy: Policy): number {
  const risk = riskOf(plan);
  return risk === 'break-glass' ? policy.votes.breakGlass : policy.votes[risk];
}

/** Approvals that are still wanting; never less than one while nobody has approved, whatever the policy says. */
export function votesMissing(gate: Gate): number {
  const have = gate.votes.filter((vote) => vote.decision === 'approve').length;
  return Math.max(0, Math.max(1, gate.votesNeeded) - have);
}

/** One rejection closes a gate; a deadline closes it into a safe end. It is never approved by time. */
export function gateStateAt(gate: Gate, now: string): GateState {
  if (gate.votes.some((vote) => vote.decision === 'reject')) return 'rejected';
  if (votesMissing(gate) === 0) return 'approved';
  return Date.parse(now) < Date.parse(gate.deadline) ? 'open' : 'expired';
}
