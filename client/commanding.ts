import type { Saying, Statement } from '../domain/statement.ts';
import type { RunState } from '../domain/run.ts';
import type { Context } from './context.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import { failure } from './failure.ts';
import { openState } from './follow.ts';
import type { Gateway, RunRef } from './gateway.ts';
import { tell } from './output.ts';
import { printForPasting, statementTo, type SayOptions } from './saying.ts';
import { requireKnown } from './targets.ts';

export interface Command {
  saying: Saying;
  /** Under which name `-o json` shows what was sent. */
  name: string;
  /** Throws when the run does not wait for it. */
  check?: (state: RunState) => void;
  send: (gateway: Gateway, run: RunRef, statement: Statement) => Promise<string>;
}

/** What is said to a run besides votes: signs it where it must be signed, sends it and prints the answer. */
export async function command(
  context: Context,
  cluster: string,
  { saying, name, check, send }: Command,
  options: SayOptions,
): Promise<ExitCode> {
  await requireKnown(context, cluster);
  if (options.from !== undefined) {
    const { signCopied } = await import('./copied.ts');
    await signCopied(context, { cluster, saying, options });
    return exitCodes.done;
  }
  const gateway = await context.connect();
  const { run, state } = await openState(gateway, cluster);
  check?.(state);
  const statement = await statementTo(context, state, saying, options);
  if (!statement) {
    throw failure('NothingBlocked', {
      what: `The recovery of ${cluster} waits for nothing of the kind; it is ${state.phase}.`,
      next: `\`cpr status ${cluster}\` shows how it stands.`,
    });
  }
  if (options.print) printForPasting(context, statement);
  else {
    const answer = await send(gateway, run, statement);
    await tell(context, { data: { [name]: statement, answer }, text: () => answer });
  }
  return exitCodes.done;
}
