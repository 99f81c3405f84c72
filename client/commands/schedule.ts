import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { examples, type Act, type Declare } from '../declare.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { ScheduleGateway } from '../gateway.ts';
import { hostUser } from '../identity.ts';
import { styleOf, tell } from '../output.ts';
import { renderSchedule } from '../render/schedule.ts';
import { span } from '../render/text.ts';
import { requireKnown } from '../targets.ts';
import { parseInterval } from '../values.ts';

export const declareSchedule: Declare = (parent, act) => {
  const schedule = parent
    .command('schedule')
    .summary('the scheduled health check of a cluster')
    .description(
      'A health check on a schedule looks at a cluster and has a plan waiting at its gate before anyone is awake. It never acts.',
    );
  declareSet(schedule, act);
  simple(schedule, act, 'show', 'how often it looks, and when next', async (schedules, cluster, context) => {
    const view = await schedules.show(cluster);
    const style = styleOf(context);
    await tell(context, { data: view, text: () => renderSchedule(view, context.io.now(), style) });
  });
  declarePause(schedule, act);
  simple(schedule, act, 'resume', 'look again', async (schedules, cluster, context) => {
    await schedules.resume(cluster, `resumed by ${hostUser(context.io.env)}`);
    await done(context, cluster, 'resumed');
  });
  simple(schedule, act, 'trigger', 'look once, now', async (schedules, cluster, context) => {
    await schedules.trigger(cluster);
    await done(context, cluster, 'triggered');
  });
  simple(schedule, act, 'delete', 'look no more', async (schedules, cluster, context) => {
    await schedules.remove(cluster);
    await done(context, cluster, 'deleted');
  });
};

function declareSet(schedule: Command, act: Act): void {
  schedule
    .command('set')
    .summary('make it, or change how often it looks')
    .description(
      'Makes the scheduled health check of a cluster, or changes how often it looks. Whether it is paused stays as it is.',
    )
    .argument('<cluster>', 'cluster of the inventory')
    .option('--every <duration>', 'how often', parseInterval, parseInterval('5m'))
    .addHelpText('after', examples(['cpr schedule set prod-eu-1 --every 5m', 'twelve looks an hour']))
    .action(
      act(async (context, cluster: string, { every }: { every: number }) => {
        await requireKnown(context, cluster);
        const { schedule: schedules } = await context.connect();
        const change = await schedules.set(cluster, every);
        const text = () => `The health check of ${cluster}, every ${span(every)}: ${change}.`;
        await tell(context, { data: { cluster, everyMs: every, change }, text });
        return exitCodes.done;
      }),
    );
}

function declarePause(schedule: Command, act: Act): void {
  schedule
    .command('pause')
    .summary('stop looking for a while')
    .description('Pauses the scheduled health check; a recovery that is open already goes on.')
    .argument('<cluster>', 'cluster of the inventory')
    .option('--reason <text>', 'why; whoever looks at the schedule reads it')
    .addHelpText('after', examples(["cpr schedule pause prod-eu-1 --reason 'upgrade until 14:00'", '']))
    .action(
      act(async (context, cluster: string, { reason }: { reason?: string }) => {
        await requireKnown(context, cluster);
        const { schedule: schedules } = await context.connect();
        const by = hostUser(context.io.env);
        await schedules.pause(cluster, reason ? `${reason} (${by})` : `paused by ${by}`);
        return done(context, cluster, 'paused');
      }),
    );
}

/** A subcommand that takes a cluster and nothing else. */
function simple(
  schedule: Command,
  act: Act,
  name: string,
  summary: string,
  work: (schedules: ScheduleGateway, cluster: string, context: Context) => Promise<unknown>,
): void {
  schedule
    .command(name)
    .summary(summary)
    .description(`The scheduled health check of a cluster: ${summary}.`)
    .argument('<cluster>', 'cluster of the inventory')
    .addHelpText('after', examples([`cpr schedule ${name} prod-eu-1`, '']))
    .action(
      act(async (context, cluster: string) => {
        await requireKnown(context, cluster);
        const { schedule: schedules } = await context.connect();
        await work(schedules, cluster, context);
        return exitCodes.done;
      }),
    );
}

async function done(context: Context, cluster: string, change: string): Promise<ExitCode> {
  await tell(context, {
    data: { cluster, change },
    text: () => `The health check of ${cluster}: ${change}.`,
  });
  return exitCodes.done;
}
