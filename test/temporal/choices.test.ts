import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Verdict } from '../../domain/verdict.ts';
import { abortUpdate, reportQuery, resolveStepUpdate, supersedeUpdate } from '../../workflows/messages.ts';
import type { Simulator } from '../simulator/simulator.ts';
import { brokenCluster, nodeIn } from '../simulator/state.ts';
import {
  approve,
  ended,
  refusalOf,
  serveClusters,
  untilBlocked,
  untilGate,
  untilState,
  type Recoveries,
} from './support/recoveries.ts';

const because = { by: 'grace', reason: 'there is a backup of the night' };

describe('A person may choose', { concurrency: 4, timeout: 540_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters([
      'skippable',
      'unskippable',
      'at-once',
      'gone',
      'overtaken',
      'superseded',
      'acted',
    ]);
  });
  after(() => recoveries.close());

  it('to go on without a step where the plan says what that means, and the report tells who did', async () => {
    const simulator = recoveries.host(brokenCluster('skippable', { remindEveryMs: 300 }));
    mayBeSkipped(simulator, 'backup');
    simulator.fail('backUpKubelet', 'NodeScriptFailed', 99);
    const recovery = await recoveries.start(simulator.cluster);
    await approve(recovery);
    const { blocked } = await untilBlocked(recovery);
    assert.deepEqual(blocked.choices, ['retry', 'skip', 'abort']);
    assert.equal(blocked.skipMeans, 'nothing can be put back.');
    await untilState(recovery, ({ timeline }) =>
      timeline.some(({ text }) => text.startsWith('Step backup failed and waits for a decision since')),
    );

    await recovery.executeUpdate(resolveStepUpdate, {
      args: [{ ...because, stepId: 'backup', action: 'skip' }],
    });
    const { outcome, state, report } = await ended(recovery);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    const skipped = state.steps.find(({ id }) => id === 'backup');
    assert.equal(skipped?.state, 'skipped');
    assert.match(
      skipped?.note ?? '',
      /Skipped by grace: there is a backup of the night.*nothing can be put back/,
    );
    assert.match(report, /\| `backup` \| skipped \|/);
    assert.ok(!simulator.cluster.effects.includes('back up master-1'));
  });

  it('nothing else than to retry or abort where the plan says no such thing', async () => {
    const simulator = recoveries.host(brokenCluster('unskippable'));
    simulator.fail('installBootstrapCredential', 'NodeScriptFailed');
    const recovery = await recoveries.start(simulator.cluster);
    await approve(recovery);
    const { blocked } = await untilBlocked(recovery);
    assert.deepEqual(blocked.choices, ['retry', 'abort']);
    const skip = { ...because, stepId: blocked.stepId, action: 'skip' as const };
    const refusal = await refusalOf(recovery.executeUpdate(resolveStepUpdate, { args: [skip] }));
    assert.equal(refusal.type, 'NotSkippable');
    await recovery.executeUpdate(resolveStepUpdate, { args: [{ ...skip, action: 'retry' }] });
    assert.equal((await ended(recovery)).outcome.status, 'healed');
  });

  it('once: of several words about one block the first decides, and the others are told so', async () => {
    const simulator = recoveries.host(brokenCluster('at-once'));
    simulator.fail('installBootstrapCredential', 'NodeScriptFailed');
    const recovery = await recoveries.start(simulator.cluster);
    await approve(recovery);
    const { blocked } = await untilBlocked(recovery);
    const retry = { ...because, stepId: blocked.stepId, since: blocked.since, action: 'retry' as const };
    const answers = await Promise.allSettled(
      ['ada', 'ben', 'cleo', 'dora'].map((by) =>
        recovery.executeUpdate(resolveStepUpdate, { args: [{ ...retry, by }] }),
      ),
    );
    assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1);
    const { outcome, state } = await ended(recovery);
    assert.equal(outcome.status, 'healed');
    assert.equal(state.timeline.filter(({ text }) => text.includes('decided: retry')).length, 1);
  });

  it('to leave what cannot be put back: the abort ends, gives the lock free, and names it', async () => {
    const simulator = recoveries.host(brokenCluster('gone'));
    simulator.fail('restoreKubeletBackup', 'NodeScriptFailed', 99);
    const recovery = await recoveries.start(simulator.cluster);
    simulator.intercept('installBootstrapCredential', async (perform) => {
      await recovery.executeUpdate(abortUpdate, { args: [because] });
      return await perform();
    });
    await approve(recovery);
    for (const stepId of ['bootstrap', 'backup']) {
      const { blocked } = await untilState(recovery, (state) => state.blocked?.stepId === stepId);
      assert.deepEqual(blocked?.choices, ['retry', 'skip']);
      assert.match(blocked?.skipMeans ?? '', /stays as it is now/);
      await recovery.executeUpdate(resolveStepUpdate, { args: [{ ...because, stepId, action: 'skip' }] });
    }
    const { outcome, state, report } = await ended(recovery);
    assert.equal(outcome.status, 'aborted');
    assert.match(outcome.sentence, /bootstrap/);
    assert.doesNotMatch(outcome.sentence, /put back/i);
    const left = state.steps.find(({ id }) => id === 'bootstrap');
    assert.match(left?.note ?? '', /Not put back, as grace decided .*injected: NodeScriptFailed/);
    assert.match(report, /Not put back, as grace decided/);
  });

  it('anew when the plan was overtaken, and is shown line by line what is different', async () => {
    const { cluster } = recoveries.host(brokenCluster('overtaken', { reobserveEveryMs: 200 }));
    const recovery = await recoveries.start(cluster);
    const { digest } = await untilGate(recovery);
    nodeIn(cluster, 'master-1').bootstrap.sha256 = 'ef'.repeat(32);
    const state = await untilGate(recovery, 'plan-2');
    const [drift] = state.drifts ?? [];
    assert.deepEqual([drift?.gate, drift?.before, drift?.after], ['plan-1', digest, state.digest]);
    assert.ok(drift?.lines.some((line) => line.startsWith('- ') && line.includes('dededededede')));
    assert.ok(drift?.lines.some((line) => line.startsWith('+ ') && line.includes('efefefefefef')));
    assert.match(await recovery.query(reportQuery), /## Plans that were overtaken/);
    await recovery.executeUpdate(supersedeUpdate, { args: [because] });
    await ended(recovery);
  });

  it('to take the lock from a run that waits: it ends superseded and the next one starts', async () => {
    const { cluster } = recoveries.host(brokenCluster('superseded'));
    const recovery = await recoveries.start(cluster);
    await untilGate(recovery);
    await recovery.executeUpdate(supersedeUpdate, { args: [because] });
    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'superseded');
    assert.equal(outcome.reason, 'SupersededByHuman');
    assert.deepEqual(cluster.effects, []);
    const next = await recoveries.start(cluster);
    await approve(next);
    assert.equal((await ended(next)).outcome.status, 'healed');
  });

  it('not to take it from a run that has acted', async () => {
    const simulator = recoveries.host(brokenCluster('acted'));
    simulator.fail('installBootstrapCredential', 'NodeScriptFailed');
    const recovery = await recoveries.start(simulator.cluster);
    await approve(recovery);
    await untilBlocked(recovery);
    const refusal = await refusalOf(recovery.executeUpdate(supersedeUpdate, { args: [because] }));
    assert.equal(refusal.type, 'NothingToSupersede');
    const retry = { ...because, stepId: 'bootstrap', action: 'retry' as const };
    await recovery.executeUpdate(resolveStepUpdate, { args: [retry] });
    assert.equal((await ended(recovery)).outcome.status, 'healed');
  });
});

/** No step of this runbook may be skipped; here one may. */
function mayBeSkipped(simulator: Simulator, stepId: string): void {
  simulator.intercept('decideKubeletAuthRecovery', async (perform) => {
    const verdict = structuredClone((await perform()) as Verdict);
    const plan = verdict.kind === 'proceed' ? verdict.plan : undefined;
    const step = plan?.steps.find(({ id }) => id === stepId);
    if (step) step.skipMeans = 'nothing can be put back.';
    return verdict;
  });
}
