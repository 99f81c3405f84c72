import { ApplicationFailure, condition } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import type { EtcdGate } from '../../activities/etcd-contract.ts';
import { labelled } from './activities.ts';
import { awaitGoal, type EtcdStage } from './etcd-goals.ts';
import { describeFailure } from './failures.ts';
import { underLease } from './lease.ts';
import { tell } from './run.ts';
import { withheldAct, type StepReport } from './step-runner.ts';

/** Measured: the operator makes its revision 8 to 12 s after the override is set. The watchdog's deadline lies far behind. */
const holdMs = 10 * 60_000;
/** For a revision that comes without being asked for. */
const unaskedMs = 25_000;
const revisionMs = 3 * 60_000;
const readingsAtMost = 6;

/**
 * Has the operator make its new revision. The guard is opened only while it is seen to be shut, and only until the revision is
 * there: from then on the roll-out passes it by itself. What is there already, since the run looked before its first act, is
 * not asked for again.
 */
export async function bringRevision(stage: EtcdStage, label: ActivityOptions): Promise<StepReport> {
  const { run, memory, plan } = stage;
  const line = label.summary ?? '';
  const gate = await readGate(stage, line);
  const after = (memory.revision ??= gate.latestAvailableRevision);
  const early =
    (await foundSo(stage, gate, after, line)) ??
    (gate.gate === 'open' ? await unguarded(stage, after, line) : undefined);
  if (early) return early;
  tell(run, `The operator’s gate is shut, so it is opened for one revision: ${gate.because}`);
  const leased = await underLease(run, { target: 'etcd-unsafe-override', holdMs }, () =>
    askForRevision(stage, after, line),
  );
  if (!leased.done) throw withheldAct(`stopped while ${plan.target} waited for its revision`);
  const sentence = `A revision newer than ${after} came while the gate was open. ${leased.end.sentence}.`;
  return { changed: true, sentence };
}

/** Nobody opens a guard without having seen that it is shut. */
async function readGate({ run, hands, plan }: EtcdStage, line: string): Promise<EtcdGate> {
  for (let tries = 1; ; tries++) {
    const gate = await hands.etcd.observe.readEtcdGate.executeWithOptions(
      labelled(`${line}: is the operator’s gate shut?`),
      [{ cluster: plan.cluster }],
    );
    if (gate.gate !== 'unknown') return gate;
    if (run.abort || tries >= readingsAtMost)
      throw ApplicationFailure.nonRetryable(
        `whether the operator’s gate is shut is not to be seen: ${gate.because}`,
        'PreconditionFailed',
      );
    await condition(() => run.abort !== undefined, 10_000, { summary: 'Waiting to read the gate again' });
  }
}

/** Others were faster; undefined: there is something left to do. */
async function foundSo(
  stage: EtcdStage,
  { latestAvailableRevision, gate }: EtcdGate,
  after: number,
  line: string,
): Promise<StepReport | undefined> {
  if (latestAvailableRevision > after) {
    const newer = { goal: 'revision' as const, after, timeoutMs: revisionMs };
    const { proofs } = await awaitGoal(stage, newer, line);
    return { changed: false, sentence: `The operator has made its revision already: ${proofs.join('; ')}.` };
  }
  if (gate !== 'open' || stage.plan.pins.cause !== 'address-changed') return undefined;
  // Another revision would only restart members.
  const arrived = await unlessNotYet(awaitGoal(stage, { goal: 'rolled-out', timeoutMs: 1 }, line));
  return (
    arrived && { changed: false, sentence: `No other revision is needed: ${arrived.proofs.join('; ')}.` }
  );
}

/** With the gate open a revision passes by itself; undefined: it did not, and the gate has been found shut since. */
async function unguarded(stage: EtcdStage, after: number, line: string): Promise<StepReport | undefined> {
  try {
    const { proofs } = await askForRevision(stage, after, line);
    return { changed: true, sentence: `The gate was open: ${proofs.join('; ')}.` };
  } catch (error) {
    if (describeFailure(error).type !== 'NotYetHealthy') throw error;
    if ((await readGate(stage, line)).gate !== 'shut') throw error;
    return undefined;
  }
}

/** A change of address makes a revision by itself; for any other cause nothing does but a new reason to redeploy. */
async function askForRevision(stage: EtcdStage, after: number, line: string): Promise<{ proofs: string[] }> {
  const goal = { goal: 'revision' as const, after };
  if (stage.plan.pins.cause === 'address-changed') {
    const came = await unlessNotYet(awaitGoal(stage, { ...goal, timeoutMs: unaskedMs }, line));
    if (came) return came;
    tell(stage.run, `No revision came by itself within ${unaskedMs / 1_000} s: asking for one`);
  }
  await force(stage, line);
  return await awaitGoal(stage, { ...goal, timeoutMs: revisionMs }, line);
}

/**
 * The second act of one step. The first one has been done, so that a brake which bars this one at its first attempt must not
 * make the step look as if it had never begun.
 */
async function force({ hands, plan }: EtcdStage, line: string): Promise<void> {
  const { cluster, pins } = plan;
  try {
    await hands.etcd.act.forceRedeployment.executeWithOptions(labelled(`${line}: ask for a revision`), [
      { cluster, pins },
    ]);
  } catch (error) {
    const { type, message, unbegun } = describeFailure(error);
    if (!unbegun) throw error;
    throw ApplicationFailure.nonRetryable(message, type);
  }
}

/** Undefined where the goal was not reached in time; throws everything else. */
async function unlessNotYet<T>(waiting: Promise<T>): Promise<T | undefined> {
  try {
    return await waiting;
  } catch (error) {
    if (describeFailure(error).type !== 'NotYetHealthy') throw error;
    return undefined;
  }
}
