import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { abortSignal, abortUpdate, resolveStepUpdate } from '../../workflows/messages.ts';
import { ApplicationFailure } from '@temporalio/common';
import { newCsr } from '../simulator/acts.ts';
import { failure } from '../simulator/failure.ts';
import { brokenCluster, nodeIn } from '../simulator/state.ts';
import { recordHistory } from './support/record-history.ts';
import {
  approve,
  ended,
  refusalOf,
  serveClusters,
  untilBlocked,
  untilState,
  type Recoveries,
} from './support/recoveries.ts';

const names = [
  'blocked',
  'aborted',
  'too-late',
  'cancelled',
  'cancelled-late',
  'two-csrs',
  'no-csr',
  'lost-reply',
  'flaky',
  'undo-fails',
  'last-moment',
];

const retry = (stepId: string) => ({ stepId, action: 'retry' as const, by: 'grace', reason: 'mended' });
const stop = { by: 'grace', reason: 'not tonight' };

describe('A step of KubeletAuthRecovery', { concurrency: 4, timeout: 540_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters(names);
  });
  after(() => recoveries.close());

  it('that fails blocks the run, and a retry goes on at exactly that step', async () => {
    const simulator = recoveries.host(brokenCluster('blocked'));
    simulator.fail('installDurableBootstrap', 'NodeScriptFailed');
    const recovery = await recoveries.start(simulator.cluster);
    await approve(recovery);
    const { blocked, steps } = await untilBlocked(recovery);
    assert.equal(blocked.stepId, 'graduate');
    assert.equal(blocked.errorType, 'NodeScriptFailed');
    assert.deepEqual(blocked.choices, ['retry']);
    assert.equal(steps.find((step) => step.id === 'graduate')?.state, 'blocked');

    const soFar = simulator.calls.length;
    await recovery.executeUpdate(resolveStepUpdate, { args: [retry('graduate')] });
    assert.equal((await ended(recovery)).outcome.status, 'healed');
    assert.deepEqual(simulator.calls.slice(soFar), [
      'installDurableBootstrap',
      'verifyKubeletRecovery',
      'concludeRun',
    ]);
    await recordHistory(recovery, 'blocked-then-retried');
  });

  it('that is blocked before the restart can be aborted, and the bootstrap file is put back', async () => {
    const simulator = recoveries.host(brokenCluster('aborted'));
    simulator.intercept('installBootstrapCredential', async (perform) => {
      await perform();
      throw failure('PreconditionFailed', 'the token could not be proved');
    });
    const { cluster } = simulator;
    const recovery = await recoveries.start(cluster);
    await approve(recovery);
    const { blocked } = await untilBlocked(recovery);
    assert.deepEqual(blocked.choices, ['retry', 'abort']);
    const abort = { ...retry('bootstrap'), action: 'abort' as const };
    await recovery.executeUpdate(resolveStepUpdate, { args: [abort] });
    const { outcome, state } = await ended(recovery);
    assert.equal(outcome.status, 'aborted');
    assert.match(outcome.handOver ?? '', /started by itself/);
    assert.deepEqual(cluster.effects, ['back up master-1', 'install bootstrap master-1', 'restore master-1']);
    assert.equal(nodeIn(cluster, 'master-1').bootstrap.sha256, 'de'.repeat(32));
    assert.equal(state.steps.find((step) => step.id === 'bootstrap')?.state, 'undone');
    await recordHistory(recovery, 'aborted');
  });

  it('after the restart refuses an abort by name, with what to do instead, and the run goes on', async () => {
    const simulator = recoveries.host(brokenCluster('too-late'));
    simulator.fail('approveKubeletCsr', 'ApiForbidden');
    const recovery = await recoveries.start(simulator.cluster);
    await approve(recovery);
    const { blocked } = await untilBlocked(recovery);
    assert.deepEqual(blocked.choices, ['retry']);

    const refusal = await refusalOf(recovery.executeUpdate(abortUpdate, { args: [stop] }));
    assert.equal(refusal.type, 'PastPointOfNoReturn');
    assert.match(refusal.message, /retry/);
    const asResolution = { ...retry('approve-csr'), action: 'abort' as const };
    const second = await refusalOf(recovery.executeUpdate(resolveStepUpdate, { args: [asResolution] }));
    assert.equal(second.type, 'PastPointOfNoReturn');
    await recovery.signal(abortSignal, stop);
    const { refused } = await untilState(recovery, ({ refusedCount }) => refusedCount === 1);
    assert.match(refused[0]?.why ?? '', /PastPointOfNoReturn/);

    await recovery.executeUpdate(resolveStepUpdate, { args: [retry('approve-csr')] });
    assert.equal((await ended(recovery)).outcome.status, 'healed');
  });

  it('before the restart obeys a cancel request: it means abort', async () => {
    const simulator = recoveries.host(brokenCluster('cancelled'));
    const recovery = await recoveries.start(simulator.cluster);
    simulator.intercept('installBootstrapCredential', async (perform) => {
      await recovery.cancel();
      return await perform();
    });
    await approve(recovery);
    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'aborted');
    assert.deepEqual(simulator.cluster.effects, [
      'back up master-1',
      'install bootstrap master-1',
      'restore master-1',
    ]);
  });

  it('after the restart refuses a cancel request, says so, and the node is healed', async () => {
    const simulator = recoveries.host(brokenCluster('cancelled-late'));
    const recovery = await recoveries.start(simulator.cluster);
    simulator.intercept('approveKubeletCsr', async (perform) => {
      await recovery.cancel();
      return await perform();
    });
    await approve(recovery);
    const { outcome, state } = await ended(recovery);
    assert.equal(outcome.status, 'healed');
    assert.ok(state.timeline.some(({ text }) => text.startsWith('The cancel request was refused')));
  });

  it('that finds two matching requests says no; a retry restarts the kubelet once more and takes the newest', async () => {
    const simulator = recoveries.host(brokenCluster('two-csrs'));
    const { cluster } = simulator;
    simulator.before('approveKubeletCsr', 1, () => {
      cluster.csrs.push(newCsr(cluster, 'master-1'));
    });
    const recovery = await recoveries.start(cluster);
    await approve(recovery);
    const { blocked } = await untilBlocked(recovery);
    assert.equal(blocked.errorType, 'TwoMatchingCsrs');
    assert.match(blocked.advice, /restarts the kubelet once more/);
    assert.ok(!cluster.effects.some((effect) => effect.startsWith('approve')));

    await recovery.executeUpdate(resolveStepUpdate, { args: [retry('approve-csr')] });
    assert.equal((await ended(recovery)).outcome.status, 'healed');
    assert.deepEqual(cluster.effects.slice(2), [
      'restart master-1',
      'restart master-1',
      'approve uid-csr-3',
      'graduate master-1',
    ]);
  });

  it('that waited in vain for a request goes back to the credential, which may have run out', async () => {
    const simulator = recoveries.host(brokenCluster('no-csr'));
    const { cluster } = simulator;
    simulator.intercept('approveKubeletCsr', async (perform, call) => {
      if (call > 1) return await perform();
      throw ApplicationFailure.nonRetryable('no request came', 'CsrNotYetThere');
    });
    const recovery = await recoveries.start(cluster);
    await approve(recovery);
    await untilBlocked(recovery);
    const soFar = simulator.calls.length;
    await recovery.executeUpdate(resolveStepUpdate, { args: [retry('approve-csr')] });
    assert.equal((await ended(recovery)).outcome.status, 'healed');
    assert.deepEqual(simulator.calls.slice(soFar, soFar + 6), [
      'installBootstrapCredential',
      'observeControlPlane',
      'objectToRestart',
      'recordCsrs',
      'restartKubelet',
      'approveKubeletCsr',
    ]);
  });

  it('whose reply is lost is repeated, and acts once', async () => {
    const simulator = recoveries.host(brokenCluster('lost-reply'));
    for (const name of ['restartKubelet', 'approveKubeletCsr'] as const) {
      simulator.intercept(name, async (perform, call) => {
        const reply = await perform();
        if (call === 1) throw new Error('socket hang up');
        return reply;
      });
    }
    const recovery = await recoveries.start(simulator.cluster);
    await approve(recovery);
    const { outcome, state } = await ended(recovery);
    assert.equal(outcome.status, 'healed');
    assert.deepEqual(simulator.cluster.effects.slice(2, 4), ['restart master-1', 'approve uid-csr-1']);
    assert.equal(state.steps.find((step) => step.id === 'restart')?.state, 'already-so');
  });

  it('that fails for a moment is tried again by itself', async () => {
    const simulator = recoveries.host(brokenCluster('flaky'));
    simulator.fail('backUpKubelet', 'NodeUnreachable', 2);
    const recovery = await recoveries.start(simulator.cluster);
    await approve(recovery);
    assert.equal((await ended(recovery)).outcome.status, 'healed');
  });

  it('whose undo fails blocks too, and a retry puts back what it had changed', async () => {
    const simulator = recoveries.host(brokenCluster('undo-fails'));
    simulator.fail('restoreKubeletBackup', 'NodeScriptFailed');
    const recovery = await recoveries.start(simulator.cluster);
    simulator.intercept('installBootstrapCredential', async (perform) => {
      await recovery.executeUpdate(abortUpdate, { args: [stop] });
      return await perform();
    });
    await approve(recovery);
    const { blocked } = await untilBlocked(recovery);
    assert.equal(blocked.stepId, 'bootstrap');
    assert.deepEqual(blocked.choices, ['retry', 'skip']);
    await recovery.executeUpdate(resolveStepUpdate, { args: [retry('bootstrap')] });
    assert.equal((await ended(recovery)).outcome.status, 'aborted');
    assert.equal(nodeIn(simulator.cluster, 'master-1').bootstrap.sha256, 'de'.repeat(32));
  });

  it('keeps its word: an abort accepted in the last moment before the restart prevents it', async () => {
    const simulator = recoveries.host(brokenCluster('last-moment'));
    const recovery = await recoveries.start(simulator.cluster);
    simulator.intercept('recordCsrs', async (perform) => {
      await recovery.executeUpdate(abortUpdate, { args: [stop] });
      return await perform();
    });
    await approve(recovery);
    assert.equal((await ended(recovery)).outcome.status, 'aborted');
    assert.deepEqual(simulator.cluster.effects.slice(2), ['restore master-1']);
  });
});
