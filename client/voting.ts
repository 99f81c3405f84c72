import type { Gate, Vote } from '../domain/approval.ts';
import type { Plan } from '../domain/plan.ts';
import type { RunState } from '../domain/run.ts';
import type { Context } from './context.ts';
import { failure } from './failure.ts';
import { hostUser } from './identity.ts';

/** The open gate with the plan it is for. Throws `NoGateOpen` when the run does not wait for approval. */
export function requireGate(state: RunState): { gate: Gate; plan: Plan; digest: string } {
  const { gate, plan, digest, phase, cluster } = state;
  if (phase === 'waiting-for-approval' && gate && plan && digest) return { gate, plan, digest };
  throw failure('NoGateOpen', {
    what: `The recovery of ${cluster} does not wait for approval: it is ${phase}.`,
    next: `\`cpr watch ${cluster}\` follows it.`,
  });
}

export function voteOf(
  { io }: Context,
  gate: Gate,
  decision: Vote['decision'],
  said: { by?: string | undefined; reason: string },
): Vote {
  return {
    gate: gate.id,
    nonce: gate.nonce,
    decision,
    by: said.by ?? hostUser(io.env),
    reason: said.reason,
    issued: new Date(io.now()).toISOString(),
  };
}
