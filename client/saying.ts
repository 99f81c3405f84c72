import type { Command } from 'commander';
import { invisible, pasteable } from '../domain/input.ts';
import { mustSign } from '../domain/intervention.ts';
import type { RunState } from '../domain/run.ts';
import { statementFor, type Saying, type Statement } from '../domain/statement.ts';
import type { Context } from './context.ts';
import { failure } from './failure.ts';
import { isText, say } from './output.ts';
import { claimedName, signerName } from './signer.ts';
import { parseTimeout } from './values.ts';

/** What every command that speaks to a run understands. */
export interface SayOptions {
  by?: string;
  reason: string;
  key?: string;
  expires: number;
  print?: boolean;
  from?: string;
}

/** How long a statement counts: the time it takes to copy it to another machine, and little more. */
const DEFAULT_EXPIRY = '10m';

/** Adds the options of `SayOptions` but `--reason`, which not all require. */
export function withSayOptions(command: Command, who: string): Command {
  return command
    .option(
      '--by <name>',
      `${who} (default: CPR_USER, or you@this-host; where approvals are signed, the key's owner)`,
    )
    .option(
      '--key <file>',
      'where approvals are signed: private key, or .pub of one in ssh-agent (default: CPR_SIGNING_KEY, or the one in ssh-agent)',
    )
    .option('--expires <duration>', 'it counts for so long', parseTimeout, parseTimeout(DEFAULT_EXPIRY))
    .option('--print', 'send nothing; print the JSON to paste into the Temporal Web UI')
    .option(
      '--from <file>',
      'as --print, without Temporal: fill in and sign the JSON that was copied from the Web UI (- reads it from stdin)',
    );
}

/** Who says why, until when; the same for whatever is said. */
export function saidNow(
  { io }: Context,
  by: string,
  { reason, expires }: Pick<SayOptions, 'reason' | 'expires'>,
): { by: string; reason: string; issued: string; expires: string } {
  const now = io.now();
  return { by, reason, issued: new Date(now).toISOString(), expires: new Date(now + expires).toISOString() };
}

/**
 * The statement that says this to that run, signed where the cluster asks for it. Undefined: the run awaits none of the kind.
 * For an approval the person must have confirmed the plan before: it names the cluster.
 */
export async function statementTo(
  context: Context,
  state: RunState,
  saying: Saying,
  options: SayOptions,
): Promise<Statement | undefined> {
  const { cluster, approvals } = state;
  const signed = saying.kind === 'vote' ? state.gate?.mode === 'signed' : mustSign(state, saying);
  if (approvals !== 'signed') refuseKey(cluster, options.key);
  const who = { cluster, by: options.by, key: options.key };
  const by = signed ? await signerName(context, who) : claimedName(context, options.by);
  const statement = statementFor(state, saying, saidNow(context, by, options));
  if (!statement || !signed) return statement;
  return signShown(context, statement, options.key);
}

function refuseKey(cluster: string, key: string | undefined): void {
  if (key === undefined) return;
  throw failure('BadUsage', {
    what: `Approvals of ${cluster} are open: nothing is signed, so --key means nothing.`,
    next: 'Leave --key out. `approvals: signed` in clusters.yaml makes signatures count (docs/configuration.md).',
  });
}

/** Shows in words what is about to be signed, then signs. */
export async function signShown(
  context: Context,
  statement: Statement,
  key: string | undefined,
): Promise<Statement> {
  showInWords(context, statement);
  const { sign } = await import('./signing.ts');
  return { ...statement, signature: await sign(context, statement, key) };
}

export function showInWords(context: Context, statement: Statement): void {
  if (isText(context)) say(context, inWords(statement));
}

/** Every field: what a person signs must not hold what the person was not shown. */
function inWords(statement: Statement): string {
  const what = statement['decision'] ?? statement['action'] ?? statement['kind'];
  const rows = Object.entries(statement).map(
    ([name, value]) => `  ${name.padEnd(9)} ${printableLine(value)}`,
  );
  return `You sign: ${what}, for ${statement['cluster']}, as ${statement['by']}\n${rows.join('\n')}`;
}

/** What cannot be seen is written out: a character that turns the direction of writing must not hide a field. */
function printableLine(value: string): string {
  return value.replaceAll(invisible, (each) => `\\u{${each.codePointAt(0)?.toString(16)}}`);
}

/** On stdout stands exactly what is to be pasted, whatever the format. */
export function printForPasting(context: Context, statement: Statement): void {
  if (isText(context)) {
    const { kind = '' } = statement;
    say(context, `Nothing was sent. In the Web UI: Send an Update, name "${kind}", and as input:`);
  }
  context.io.out(`${pasteable(statement)}\n`);
}
