import { ApplicationFailure, condition } from '@temporalio/workflow';
import type { Touches } from '../../domain/etcd/before-change.ts';
import type { EtcdObservation } from '../../domain/etcd/observation.ts';
import { decisions, labelled } from './activities.ts';
import { mayStillAbort } from './blocked.ts';
import { mayAct } from './gate.ts';
import { decisionOn, observeEtcd } from './etcd-look.ts';
import type { EtcdStage } from './etcd-goals.ts';
import { lookFreshly } from './fresh-look.ts';
import { holdWhilePaused } from './hold.ts';
import { unlessAborted } from './looking.ts';
import { tell } from './run.ts';
import { withheldAct } from './step-runner.ts';

const looksAtMost = 3;

/**
 * Hours may lie between the approval and this. Directly before a member is touched all that the vote rested on is looked at
 * once more, from every survivor. What does not pass within three looks withdraws the plan where the decision now refuses it:
 * what was done is put back, and the run ends. Where it does not, or where the member may be gone already, the step blocks.
 *
 * Throws `ActWithheld`, also when the run is aborted meanwhile, and `PreconditionFailed`.
 */
export async function proveStillDue(
  stage: EtcdStage,
  line: string,
  touches: Touches = 'member',
): Promise<void> {
  const { run } = stage;
  await lookFreshly({
    prove: () => proveOnce(stage, line, touches),
    hold: async () => (await holdWhilePaused(run)) === 'released',
    now: () => Date.now(),
  });
  if (mayStillAbort(run) || !mayAct(run))
    throw withheldAct('stopped directly before the act', { unbegun: true });
}

/** Returns when the look that passed began, in ms. */
async function proveOnce(stage: EtcdStage, line: string, touches: Touches): Promise<number> {
  const { run } = stage;
  for (let tries = 1; ; tries++) {
    const began = Date.now();
    const { observation, because } = await ask(stage, line, touches);
    if (because === undefined) return began;
    if (tries >= looksAtMost) return await giveUp(stage, observation, because);
    tell(run, `Not going on with ${stage.plan.target} yet: ${because}`);
    const pause = Math.min(run.policy.reobserveEveryMs, 10_000);
    await condition(() => run.abort !== undefined, pause, { summary: 'Waiting to look again' });
  }
}

async function ask(
  { run, hands, plan, memory }: EtcdStage,
  line: string,
  touches: Touches,
): Promise<{ observation: EtcdObservation; because?: string }> {
  const looking = labelled(`${line}: look at every member once more`);
  const seen = await unlessAborted(run, () => observeEtcd(run, hands, memory, looking));
  if (!seen) throw withheldAct('stopped directly before the act', { unbegun: true });
  const observation = seen.value;
  const decision = decisionOn(run, observation, memory);
  const answer = await decisions.objectToMemberChange.executeWithOptions(
    labelled(`${line}: decide whether it may be done now`),
    [{ observation, plan, decision, touches }],
  );
  return { observation, ...answer };
}

async function giveUp(
  { run, plan, memory }: EtcdStage,
  observation: EtcdObservation,
  because: string,
): Promise<never> {
  const verdict = await decisions.decideEtcdRecovery.executeWithOptions(labelled('Decide anew'), [
    decisionOn(run, observation, memory),
  ]);
  if (verdict.kind !== 'refuse' || run.state.pastPointOfNoReturn)
    throw ApplicationFailure.nonRetryable(
      `the member of ${plan.target} is not touched now: ${because}`,
      'PreconditionFailed',
    );
  run.withdrawn = { verdict, faultGone: verdict.reason === 'EtcdHealthy' };
  tell(run, `The plan is withdrawn, and what was done for it is put back: ${verdict.because}`);
  throw withheldAct(because, { unbegun: true });
}
