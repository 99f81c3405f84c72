import type { RunState } from '../domain/run.ts';
import type { Context } from './context.ts';
import { personDecides } from './demo/decision.ts';
import { breakKubelet, FAULT, NODE, podsOn } from './demo/incident.ts';
import { keepRunning } from './demo/keep.ts';
import { narratorFor, type Narrator } from './demo/narrator.ts';
import { saveReport } from './demo/report-file.ts';
import { onStage, type Stage } from './demo/stage.ts';
import { innerContext, type } from './demo/surroundings.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import { CommandFailure, failure } from './failure.ts';
import type { Gateway, RunRef } from './gateway.ts';
import { progressOf } from './lab-target.ts';
import { runPage } from './links.ts';
import { exitCodeOfOutcome } from './outcome.ts';
import { isText, tell } from './output.ts';
import { cancelled } from './patience.ts';
import { openGateway } from './temporal/gateway.ts';
import { watchRun } from './watch-run.ts';

const STAYS_UP = 'Temporal and the worker stop; the lab was up before and stays up.';
const STOPS =
  'Worker, Temporal and the lab are taken away; what was built stays in the cache for the next time.';

export interface DemoOptions {
  yes?: boolean;
  keep?: boolean;
}

const STAYS_BROKEN = `The lab was up before and stays up. Should the demo end early: cpr lab heal ${FAULT} ${NODE}.`;

/** The whole story on this machine, from a healthy control plane over the incident to the healed one and its report. */
export async function demo(context: Context, options: DemoOptions): Promise<ExitCode> {
  const { signal } = context.io;
  const narrator = narratorFor(context);
  introduce(narrator);
  signal.addEventListener('abort', () =>
    narrator.show('\nStopping everything; Ctrl-C once more leaves at once.'),
  );
  narrator.chapter('A real control plane and a Temporal server come up');
  try {
    const code = await onStage({ progress: progressOf(context), signal }, async (stage) => {
      const told = await play(context, options, narrator, stage);
      if (options.keep) await keepRunning(context, narrator, stage);
      narrator.chapter('Everything stops');
      narrator.say(stage.borrowed ? STAYS_UP : STOPS);
      return told;
    });
    return code;
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    if (signal.aborted) throw cancelled('Stopped; what the demo had started is gone again.');
    throw failure('DemoFailed', {
      what: error instanceof Error ? error.message : String(error),
      next: 'What the demo had started is gone again; the same command starts anew.',
      cause: error,
    });
  }
}

function introduce(narrator: Narrator): void {
  narrator.show('Control-plane recovery, shown on a real control plane that is really broken.\n');
  narrator.say(
    'Three masters come up on this machine, with real kubelets, etcd and API servers. Then the kubelet of one master ' +
      'loses the credentials with which it speaks to its API server: an incident that once cost an on-call engineer two ' +
      'hours. cpr says what is wrong, makes a plan, and waits for a person; only then does it repair anything.',
  );
  narrator.say(
    'It takes a few minutes; the very first time more, because it builds what it needs. Ctrl-C at any moment stops ' +
      'everything and cleans up.',
  );
}

async function play(
  context: Context,
  options: DemoOptions,
  narrator: Narrator,
  stage: Stage,
): Promise<ExitCode> {
  const inner = innerContext(context, stage);
  const gateway = await openGateway({ address: stage.temporal.address, env: inner.io.env });
  try {
    await breakKubelet(context, narrator, stage);
    if (stage.borrowed) narrator.say(STAYS_BROKEN);
    await diagnose(inner, narrator, stage.lab.name);
    const { run, state } = await recover(inner, narrator, gateway, stage.lab.name);
    await decide(inner, options, narrator, { gateway, run, state });
    const last = await heal(inner, narrator, gateway, run, state);
    return await conclude(context, narrator, stage, { gateway, run, state: last });
  } finally {
    await gateway.close();
  }
}

async function diagnose(inner: Context, narrator: Narrator, cluster: string): Promise<void> {
  narrator.chapter('What is wrong? cpr looks, and changes nothing');
  const code = await type(inner, narrator, `diagnose ${cluster}`);
  if (code === exitCodes.findings) return;
  throw failure('DemoFailed', { what: `cpr diagnose ended with ${code} instead of findings (3).` });
}

interface Act {
  gateway: Gateway;
  run: RunRef;
  state: RunState;
}

async function recover(inner: Context, narrator: Narrator, gateway: Gateway, cluster: string): Promise<Act> {
  narrator.chapter('The recovery starts: it makes a plan, and stops at its gate');
  const code = await type(inner, narrator, `recover ${cluster}`);
  const run = await gateway.newestRun(cluster);
  if (code !== exitCodes.waiting || !run) {
    throw failure('DemoFailed', {
      what: `cpr recover ended with ${code} instead of waiting for approval (6).`,
    });
  }
  return { gateway, run, state: await gateway.state(run) };
}

async function decide(inner: Context, { yes }: DemoOptions, narrator: Narrator, act: Act): Promise<void> {
  narrator.chapter('A person decides');
  const page = runPage(act.gateway.place, act.run) ?? '';
  if (!yes && inner.io.interactive) {
    narrator.say(
      'Nothing has been repaired yet. Approve the plan with the key a, or in the browser, where everything is explained:',
    );
    narrator.show(`   ${page}`);
    narrator.say('a approves, q quits.');
    if ((await personDecides(inner, act.gateway, act.run)) === 'elsewhere') return;
  } else {
    narrator.say(
      yes
        ? 'Asked with --yes, the demo approves by itself. For real, a person reads the plan first.'
        : 'There is no terminal to ask at, so the demo approves by itself. For real, a person reads the plan first, here or in the browser:',
    );
    if (!yes) narrator.show(`   ${page}`);
  }
  const digest = act.state.digest ?? '';
  const code = await type(inner, narrator, `approve ${act.run.cluster} --digest ${digest.slice(0, 12)}`);
  if (code !== exitCodes.done) throw failure('DemoFailed', { what: `The approval ended with ${code}.` });
}

async function heal(
  inner: Context,
  narrator: Narrator,
  gateway: Gateway,
  run: RunRef,
  from: RunState,
): Promise<RunState> {
  narrator.chapter('It heals, step by step; each step is proved before the next');
  narrator.typed(`cpr watch ${run.cluster}`);
  const last = await watchRun(inner, gateway, run, {
    from,
    until: (state) => state.phase === 'blocked',
    detached: 'The demo is over.',
  });
  if (last.outcome) return last;
  const { stepId = '', error = '' } = last.blocked ?? {};
  throw failure('DemoFailed', { what: `Step ${stepId} failed: ${error}`, reason: last.blocked?.errorType });
}

async function conclude(
  context: Context,
  narrator: Narrator,
  { lab, workerLog }: Stage,
  act: Act,
): Promise<ExitCode> {
  const { outcome } = act.state;
  if (!outcome) throw failure('DemoFailed', { what: 'The recovery has no outcome.', where: workerLog });
  narrator.chapter(outcome.status === 'healed' ? 'Healed' : `The recovery ended: ${outcome.status}`);
  narrator.say(outcome.sentence);
  narrator.say(`What the cluster knows of the pods on ${NODE} now:`);
  narrator.show(await podsOn(lab));
  narrator.chapter('The incident report');
  const { report } = await act.gateway.result(act.run);
  const path = await saveReport(report, new Date(context.io.now()));
  narrator.show(report);
  narrator.say(`The report is saved as ${path}`);
  if (!isText(context)) await tell(context, { data: { outcome, report: path }, text: () => '' });
  return exitCodeOfOutcome(outcome);
}
