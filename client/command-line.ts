import { CommanderError, type Command } from 'commander';
import { printFailure } from './errors-out.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import { failure, failureFrom } from './failure.ts';
import type { Context, GlobalOptions, Io, KnownClusters } from './context.ts';
import type { Act } from './declare.ts';
import type { Gateway } from './gateway.ts';
import { buildProgram } from './program.ts';

const POLL_MS = 1000;

/** What a test replaces. */
export interface Seams {
  pollMs?: number;
  connect?: (options: GlobalOptions) => Promise<Gateway>;
  inventory?: (options: GlobalOptions) => Promise<KnownClusters | undefined>;
}

/** Runs one command line and returns its exit code. Never throws: every error is printed here, once. */
export async function runCommandLine(argv: readonly string[], io: Io, seams: Seams = {}): Promise<ExitCode> {
  let ended: ExitCode = exitCodes.done;
  let options: GlobalOptions = { output: outputIn(argv), color: !argv.includes('--no-color') };
  const act: Act =
    (work) =>
    async (...given) => {
      const command = given.at(-1) as Command;
      options = command.optsWithGlobals<GlobalOptions>();
      const context = openContext(io, options, seams);
      try {
        ended = await work(context, ...argumentsOf(given));
      } finally {
        await context.close();
      }
    };
  const program = quiet(buildProgram(act), io);
  try {
    await program.parseAsync(argv.length === 0 ? ['--help'] : argv, { from: 'user' });
    return ended;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCodes.done;
      return printFailure(io, options, usageFailure(error));
    }
    return printFailure(io, options, failureFrom(error));
  }
}

/** Commander appends the command itself to what the person wrote. */
function argumentsOf<Args extends unknown[]>(given: [...Args, Command]): Args {
  return given.slice(0, -1) as Args;
}

interface OpenContext extends Context {
  close(): Promise<void>;
}

function openContext(io: Io, options: GlobalOptions, seams: Seams): OpenContext {
  let gateway: Promise<Gateway> | undefined;
  return {
    io,
    options,
    pollMs: seams.pollMs ?? POLL_MS,
    connect: () => (gateway ??= (seams.connect ?? connectWith(io))(options)),
    inventory: () => (seams.inventory ?? inventoryWith(io))(options),
    close: async () => {
      const opened = await gateway?.catch(() => undefined);
      await opened?.close();
    },
  };
}

function connectWith({ env }: Io): (options: GlobalOptions) => Promise<Gateway> {
  return async ({ profile, address }) => {
    const { openGateway } = await import('./temporal/gateway.ts');
    return openGateway({ profile, address, env });
  };
}

function inventoryWith({ env }: Io): (options: GlobalOptions) => Promise<KnownClusters | undefined> {
  return async ({ config }) => {
    const { readKnownClusters } = await import('./known-clusters.ts');
    return readKnownClusters(config, env);
  };
}

/** Commander throws instead of ending the process, and prints through `io`; errors are ours to print. */
function quiet(program: Command, io: Io): Command {
  const each = (command: Command) => {
    command.exitOverride().configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: () => {},
      outputError: () => {},
      getOutHelpWidth: () => Math.min(io.columns, 100),
      getErrHelpWidth: () => Math.min(io.columns, 100),
      getOutHasColors: () => false,
    });
    command.commands.forEach(each);
  };
  each(program);
  return program;
}

function usageFailure(error: CommanderError): ReturnType<typeof failure> {
  const message = error.message.replace(/^error: /, '').trim();
  const what =
    error.code === 'commander.help'
      ? 'A command is missing.'
      : `${message.charAt(0).toUpperCase()}${message.slice(1)}`;
  return failure('BadUsage', {
    what,
    next: '`cpr --help` lists the commands; `cpr <command> --help` explains one.',
  });
}

/** Errors of the command line itself must be in the asked format too, before it could be parsed. */
function outputIn(argv: readonly string[]): GlobalOptions['output'] {
  const text = argv.join(' ');
  const match = /(?:^|\s)(?:-o|--output)[=\s]?(json|yaml)\b/.exec(text);
  return (match?.[1] as 'json' | 'yaml' | undefined) ?? 'text';
}
