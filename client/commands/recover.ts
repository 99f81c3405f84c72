import { Option } from 'commander';
import { chooseRunbook } from '../choose-runbook.ts';
import { examples, type Declare } from '../declare.ts';
import { recoveryRunbooks, type RecoveryRunbook } from '../gateway.ts';
import { failure } from '../failure.ts';
import { requestOf, startRun, type StartOptions } from '../start-run.ts';
import { makeRoom } from '../superseding.ts';
import { requireKnown } from '../targets.ts';
import { parseTimeout } from '../values.ts';

interface RecoverOptions extends StartOptions {
  runbook?: RecoveryRunbook;
  supersede?: boolean;
  reason?: string;
  key?: string;
}

export const declareRecover: Declare = (parent, act) => {
  parent
    .command('recover')
    .summary('start the runbook that fits; it stops at its gate')
    .description(
      'Starts the recovery of a cluster, or joins the one that is open. It looks, makes a plan, and waits at its gate: nothing is changed before that plan is approved. Follows it to the gate (exit code 6), to a refusal (5), or with --wait to the end.',
    )
    .argument('<cluster>', 'cluster of the inventory')
    .option('--node <name>', 'master to recover (default: the only one that is affected)')
    .addOption(
      new Option('--runbook <name>', 'the runbook (default: the one that a look finds)').choices(
        recoveryRunbooks,
      ),
    )
    .option('--by <name>', 'who asks (default: CPR_USER, or you@this-host)')
    .option('--dry-run', 'stop after the plan; ask nobody, change nothing')
    .option(
      '--break-glass',
      'where nothing safer fits, propose to lend the kubelet cluster-admin (system:masters); two people have to approve',
    )
    .option('--wait', 'go on following after the gate, to the end of the recovery')
    .option('--timeout <duration>', 'stop following after; the recovery itself goes on', parseTimeout)
    .option('--supersede', 'end the open recovery first, if it waits at its gate and has not acted')
    .option('--reason <text>', 'with --supersede: why; goes into the report of the one that ends')
    .option('--key <file>', 'with --supersede, where approvals are signed: as for `cpr abort`')
    .addHelpText(
      'after',
      examples(
        ['cpr recover prod-eu-1', 'start it, show the plan, say how to approve'],
        ['cpr recover prod-eu-1 --dry-run', 'only the plan'],
        ['cpr recover prod-eu-1 --node master-1 --wait', 'and follow it until it has ended'],
        ['cpr recover prod-eu-1 --runbook EtcdRecovery', 'that runbook, whatever a look would find'],
        [
          "cpr recover prod-eu-1 --node master-2 --supersede --reason 'wrong node'",
          'instead of the one that waits',
        ],
      ),
    )
    .action(
      act(async (context, cluster: string, options: RecoverOptions) => {
        await requireKnown(context, cluster, options.node);
        requireReason(options);
        const { supersede = false, reason = '', by, key, node } = options;
        const gateway = await context.connect();
        const wanted = { fresh: supersede, ...(node === undefined ? {} : { node }) };
        const runbook = options.runbook ?? (await chooseRunbook(context, gateway, cluster, wanted));
        if (supersede) {
          const who = { ...(by === undefined ? {} : { by }), ...(key === undefined ? {} : { key }) };
          await makeRoom(context, gateway, cluster, { reason, ...who });
        }
        return startRun(context, runbook, requestOf(context, cluster, options), options);
      }),
    );
};

/** Somebody's run is ended: they will ask why. */
function requireReason({ supersede, reason, key }: RecoverOptions): void {
  if (!supersede && (reason !== undefined || key !== undefined))
    throw failure('BadUsage', {
      what: '--reason and --key belong to --supersede.',
      next: 'Leave them out, or add --supersede.',
    });
  if (supersede && (reason === undefined || reason.trim() === ''))
    throw failure('BadUsage', {
      what: '--supersede needs --reason: it ends the run of somebody else.',
      next: "Add --reason '…'.",
    });
}
