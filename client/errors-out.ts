import type { GlobalOptions, Io } from './context.ts';
import type { ExitCode } from './exit-codes.ts';
import type { CommandFailure } from './failure.ts';
import { printable, styleFor, wrap } from './render/text.ts';

/** Prints a failure to stderr in the format that was asked for, and returns the exit code that it means. */
export function printFailure(
  io: Io,
  { output, color }: Pick<GlobalOptions, 'output' | 'color'>,
  error: CommandFailure,
): ExitCode {
  const { what, where, next, reason } = error.text;
  if (output === 'json' || output === 'yaml') {
    // JSON is YAML: one form serves both, and an error must not need the YAML library.
    const data = { error: { code: error.code, exitCode: error.exitCode, what, where, next, reason } };
    io.err(`${JSON.stringify(data, null, 2)}\n`);
    return error.exitCode;
  }
  const style = styleFor(io.color && color);
  const lines = printable(what).split('\n');
  const [first = '', ...rest] = lines;
  const told = error.code === 'Cancelled' ? first : `${style.red('Error:')} ${first}`;
  io.err(`${[told, ...rest.map((line) => `  ${line}`)].join('\n')}\n`);
  if (reason) io.err(`  Reason: ${printable(reason)}\n`);
  if (where) io.err(`${wrap(where, '         ', undefined, '  Where: ')}\n`);
  if (next) io.err(`${wrap(next, '         ', undefined, '  Next:  ')}\n`);
  if (io.env['CPR_DEBUG'] && error.cause instanceof Error) io.err(`${error.cause.stack ?? ''}\n`);
  return error.exitCode;
}
