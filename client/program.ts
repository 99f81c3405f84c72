import { Command, Option } from 'commander';
import { outputFormats } from './context.ts';
import type { Act, Declare } from './declare.ts';
import { exitCodeMeanings } from './exit-codes.ts';
import { declareAbort } from './commands/abort.ts';
import { declareApprove } from './commands/approve.ts';
import { declareClean } from './commands/clean.ts';
import { declareDemo } from './commands/demo.ts';
import { declareDev } from './commands/dev.ts';
import { declareDiagnose } from './commands/diagnose.ts';
import { declareLab } from './commands/lab.ts';
import { declarePause } from './commands/pause.ts';
import { declareRecover } from './commands/recover.ts';
import { declareReject } from './commands/reject.ts';
import { declareReport } from './commands/report.ts';
import { declareResolve } from './commands/resolve.ts';
import { declareResume } from './commands/resume.ts';
import { declareSchedule } from './commands/schedule.ts';
import { declareSnapshots } from './commands/snapshots.ts';
import { declareStatus } from './commands/status.ts';
import { declareWatch } from './commands/watch.ts';
import { declareWithdraw } from './commands/withdraw.ts';
import { declareWorker } from './commands/worker.ts';

const groups: [string, Declare[]][] = [
  [
    'Recovering a cluster:',
    [declareDiagnose, declareRecover, declareClean, declareStatus, declareWatch, declareReport],
  ],
  [
    'Deciding:',
    [
      declareApprove,
      declareReject,
      declareWithdraw,
      declareResolve,
      declareAbort,
      declarePause,
      declareResume,
    ],
  ],
  ['Running it:', [declareSchedule, declareSnapshots, declareWorker, declareDev]],
  ['Trying it:', [declareDemo, declareLab]],
];

/** The whole command tree. Declaring is cheap; what a command needs is loaded when it runs. */
export function buildProgram(act: Act): Command {
  const program = new Command('cpr')
    .description(
      'Durable, human-approved runbooks that bring a broken Kubernetes or OpenShift control plane back.',
    )
    .option(
      '--config <file>',
      'inventory to use (default: CPR_CONFIG, ./clusters.yaml, ~/.config/…, a running lab)',
    )
    .option('--profile <name>', 'Temporal profile, as `temporal config` knows it (default: TEMPORAL_PROFILE)')
    .option(
      '--address <host:port>',
      "address of Temporal's frontend (default: the profile's, localhost:7233)",
    )
    .addOption(
      new Option('-o, --output <format>', 'how to print results').choices(outputFormats).default('text'),
    )
    .option('--no-color', 'no colours (NO_COLOR does the same)')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .version(version(), '-V, --version', 'show the version')
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .addHelpText('after', `\n${exitCodeHelp()}`);
  for (const [title, declarations] of groups) {
    program.commandsGroup(title);
    for (const declare of declarations) declare(program, act);
  }
  inherit(program);
  return program;
}

/** Subcommands made by `command()` copy the settings of their parent at that moment; help text they do not. */
function inherit(command: Command): void {
  for (const child of command.commands) {
    child.helpOption('-h, --help', 'show help').helpCommand(false);
    inherit(child);
  }
}

function exitCodeHelp(): string {
  const lines = Object.entries(exitCodeMeanings).map(([code, meaning]) => `  ${code}  ${meaning}`);
  return `Exit codes:\n${lines.join('\n')}\n\nEvery command explains itself: cpr <command> --help. All of them: docs/commands.md`;
}

function version(): string {
  return '0.1.0';
}
