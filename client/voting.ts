import type { Gate, Vote } from '../domain/approval.ts';
import type { Plan } from '../domain/plan.ts';
import type { RunState } from '../domain/run.ts';
import type { ExitCode } from './exit-codes.ts';
import { exitCodes } from './exit-codes.ts';
import type { Context } from './context.ts';
import { failure } from './failure.ts';
import { openState } from './follow.ts';
import type { Gateway, RunRef } from './gateway.ts';
import { tell } from './output.ts';
import { printForPasting, statementTo, type SayOptions } from './saying.ts';
import { requireKnown } from './targets.ts';

/** The open gate with the plan it is for. Throws `NoGateOpen` when the run does not wait for approval. */
export function requireGate(state: RunState): { gate: Gate; plan: Plan; digest: string } {
  const { gate, plan, digest, phase } = state;
  if (phase === 'waiting-for-approval' && gate && plan && digest) return { gate, plan, digest };
  throw noGate(state);
}

function noGate({ cluster, phase }: RunState): Error {
  return failure('NoGateOpen', {
    what: `The recovery of ${cluster} does not wait for approval: it is ${phase}.`,
    next: `\`cpr watch ${cluster}\` follows it.`,
  });
}

/** Votes and prints the run's answer; with `--print`, prints the vote instead and sends nothing: then it returns false. */
export async function castVote(
  context: Context,
  { gateway, run, state }: { gateway: Gateway; run: RunRef; state: RunState },
  decision: Vote['decision'],
  options: SayOptions,
): Promise<boolean> {
  const { gate } = state;
  const statement = await statementTo(context, state, { kind: 'vote', decision }, options);
  if (!gate || !statement) throw noGate(state);
  if (options.print) {
    printForPasting(context, statement);
    return false;
  }
  const { by = '', reason = '' } = statement;
  const vote: Vote = { ...statement, gate: gate.id, nonce: gate.nonce, decision, by, reason };
  const answer = await gateway.vote(run, vote);
  await tell(context, { data: { vote, answer }, text: () => answer.sentence });
  return true;
}

/** `reject` and `withdraw`: they only ever stop something, so nobody is asked whether they are meant. */
export async function stopVote(
  context: Context,
  cluster: string,
  decision: 'reject' | 'withdraw',
  options: SayOptions,
): Promise<ExitCode> {
  await requireKnown(context, cluster);
  if (options.from !== undefined) {
    const { signCopied } = await import('./copied.ts');
    await signCopied(context, { cluster, saying: { kind: 'vote', decision }, options });
    return exitCodes.done;
  }
  const gateway = await context.connect();
  await castVote(context, { gateway, ...(await openState(gateway, cluster)) }, decision, options);
  return exitCodes.done;
}
