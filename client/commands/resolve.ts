import { Argument } from 'commander';
import type { ResolveAction, ResolveStep, RunState } from '../../domain/run.ts';
import { command as sendCommand } from '../commanding.ts';
import type { Context } from '../context.ts';
import { examples, type Declare } from '../declare.ts';
import type { ExitCode } from '../exit-codes.ts';
import { failure } from '../failure.ts';
import { isText, say } from '../output.ts';
import { withSayOptions, type SayOptions } from '../saying.ts';

export const declareResolve: Declare = (parent, act) => {
  const command = parent
    .command('resolve')
    .summary('decide a step that failed: retry, skip or abort')
    .description(
      'A step that fails does not end a recovery: it waits. retry does the step again; skip goes on without it, where the plan allows that, or leaves what an abort could not put back; abort undoes what can be undone and ends. After the point of no return abort is refused, with what to do instead. Where approvals are signed, skip and abort are signed too.',
    )
    .argument('<cluster>', 'cluster of the inventory')
    .addArgument(new Argument('<action>', 'what to do').choices(['retry', 'skip', 'abort']))
    .requiredOption('--reason <text>', 'why; goes into the report');
  withSayOptions(command, 'who decides')
    .addHelpText(
      'after',
      examples(
        ["cpr resolve prod-eu-1 retry --reason 'disk is free again'", 'the step is done again'],
        ["cpr resolve prod-eu-1 skip --reason 'did it by hand'", 'go on without the step'],
        ["cpr resolve prod-eu-1 abort --reason 'node is being replaced'", 'undo and end'],
      ),
    )
    .action(act(resolve));
};

function resolve(
  context: Context,
  cluster: string,
  action: ResolveAction,
  options: SayOptions,
): Promise<ExitCode> {
  return sendCommand(
    context,
    cluster,
    {
      saying: { kind: 'resolveStep', action },
      name: 'decision',
      check: (state) => requireBlocked(context, state, action),
      send: (gateway, run, { stepId = '', by = '', reason = '', ...about }) => {
        const decision: ResolveStep = { ...about, stepId, action, by, reason };
        return gateway.resolve(run, decision);
      },
    },
    options,
  );
}

function requireBlocked(
  context: Context,
  { blocked, cluster, phase }: RunState,
  action: ResolveAction,
): void {
  if (!blocked) {
    throw failure('NothingBlocked', {
      what: `No step of the recovery of ${cluster} is blocked; it is ${phase}.`,
      next: `\`cpr status ${cluster}\` shows how it stands.`,
    });
  }
  const { skipMeans } = blocked;
  if (action === 'skip' && skipMeans !== undefined && isText(context)) {
    say(context, `Going on without ${blocked.stepId} means: ${skipMeans}`);
  }
}
