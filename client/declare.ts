import type { Command } from 'commander';
import type { Context } from './context.ts';
import type { ExitCode } from './exit-codes.ts';

/** Turns a command's work into what commander calls: gives it the context, takes its exit code. */
export type Act = <Args extends unknown[]>(
  work: (context: Context, ...args: Args) => Promise<ExitCode>,
) => (...given: [...Args, Command]) => Promise<void>;

/** Adds one command to its parent. Runs on every start, so it declares only: the work loads what it needs. */
export type Declare = (parent: Command, act: Act) => void;

/** The examples at the end of a command's help. */
export function examples(...lines: [command: string, meaning: string][]): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  const rows = lines.map(([command, meaning]) => `  ${command.padEnd(width)}  ${meaning}`.trimEnd());
  return `\nExamples:\n${rows.join('\n')}`;
}
