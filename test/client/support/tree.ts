import type { Command } from 'commander';
import { buildProgram } from '../../../client/program.ts';

export interface CommandAt {
  /** `lab break`; empty for cpr itself. */
  path: string;
  command: Command;
}

/** Every command there is, parents before children. */
export function allCommands(): CommandAt[] {
  const program = buildProgram(() => async () => {});
  return [{ path: '', command: program }, ...below(program, '')];
}

function below(command: Command, prefix: string): CommandAt[] {
  return command.commands.flatMap((child) => {
    const path = `${prefix}${child.name()}`;
    return [{ path, command: child }, ...below(child, `${path} `)];
  });
}
