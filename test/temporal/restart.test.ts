import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import { abortUpdate, resolveStepUpdate } from '../../workflows/messages.ts';
import { newCsr } from '../simulator/acts.ts';
import { failure } from '../simulator/failure.ts';
import { brokenCluster, nodeIn } from '../simulator/state.ts';
import { approve, ended, serveClusters, untilBlocked, type Recoveries } from './support/recoveries.ts';

const names = ['restart-fails', 'means-refused', 'no-identity', 'record-fails', 'second-fault', 'upgraded'];

const retry = (stepId: string) => ({ stepId, action: 'retry' as const, by: 'grace', reason: 'mended' });
const stop = { by: 'grace', reason: 'not tonight' };

describe('The restart of a kubelet', { concurrency: 4, timeout: 540_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters(names);
  });
  after(() => recoveries.close());

  it('that could not say whether it happened is repeated by a retry, which notes all requests first', async () => {
    const simulator = recoveries.host(brokenCluster('restart-fails'));
    const { cluster } = simulator;
    simulator.intercept('restartKubelet', async (perform, call) => {
      const report = await perform();
      if (call > 1) return report;
      // While the step is blocked the kubelet leaves by itself, and its next process files a request of its own.
      cluster.csrs.push(newCsr(cluster, 'master-1'));
      throw failure('NodeScriptFailed', 'the kubelet did not become active in time');
    });
    const recovery = await recoveries.start(cluster);
    await approve(recovery);
    const { blocked } = await untilBlocked(recovery);
    assert.equal(blocked.stepId, 'restart');
    await recovery.executeUpdate(resolveStepUpdate, { args: [retry('restart')] });
    assert.equal((await ended(recovery)).outcome.status, 'healed');
    assert.deepEqual(cluster.effects.slice(2, 5), [
      'restart master-1',
      'restart master-1',
      'approve uid-csr-3',
    ]);
    assert.equal(simulator.calls.filter((name) => name === 'installBootstrapCredential').length, 2);
  });

  it('is repeated when no identity came of it, with a credential that is still good; proofs count from the first', async () => {
    const simulator = recoveries.host(brokenCluster('no-identity'));
    const { cluster } = simulator;
    const since: string[] = [];
    const { verifyKubeletRecovery } = simulator.activities;
    simulator.activities.verifyKubeletRecovery = (input) => {
      since.push(input.since);
      return verifyKubeletRecovery(input);
    };
    simulator.intercept('verifyKubeletRecovery', async (perform, call) => {
      if (call > 1) return await perform();
      throw failure('IdentityMissing', 'its client certificate is missing');
    });
    const recovery = await recoveries.start(cluster);
    await approve(recovery);
    await untilBlocked(recovery);
    const firstStart = nodeIn(cluster, 'master-1').startedAt;
    const soFar = simulator.calls.length;
    await recovery.executeUpdate(resolveStepUpdate, { args: [retry('verify')] });
    assert.equal((await ended(recovery)).outcome.status, 'healed');
    assert.deepEqual(simulator.calls.slice(soFar, soFar + 5), [
      'installBootstrapCredential',
      'observeControlPlane',
      'objectToRestart',
      'recordCsrs',
      'restartKubelet',
    ]);
    assert.notEqual(nodeIn(cluster, 'master-1').startedAt, firstStart);
    assert.deepEqual([...new Set(since)], [firstStart]);
  });

  it('that failed just before the restart itself can still be aborted', async () => {
    const simulator = recoveries.host(brokenCluster('record-fails'));
    simulator.fail('recordCsrs', 'ApiForbidden');
    const recovery = await recoveries.start(simulator.cluster);
    await approve(recovery);
    const { blocked } = await untilBlocked(recovery);
    assert.equal(blocked.stepId, 'restart');
    assert.deepEqual(blocked.choices, ['retry', 'abort']);
    await recovery.executeUpdate(abortUpdate, { args: [stop] });
    assert.equal((await ended(recovery)).outcome.status, 'aborted');
    assert.ok(!simulator.cluster.effects.includes('restart master-1'));
  });

  it('that was refused on the node, since what the kubelet would go on with is not accepted, has begun nothing', async () => {
    const simulator = recoveries.host(brokenCluster('means-refused'));
    simulator.intercept('restartKubelet', () => {
      const message = 'the API does not accept /etc/kubernetes/kubeconfig: Unauthorized';
      throw ApplicationFailure.nonRetryable(message, 'PreconditionFailed', { unbegun: true });
    });
    const recovery = await recoveries.start(simulator.cluster);
    await approve(recovery);
    const { blocked, steps } = await untilBlocked(recovery);
    assert.equal(steps.find(({ id }) => id === 'restart')?.state, 'blocked');
    assert.deepEqual(blocked.choices, ['retry', 'abort']);
    await recovery.executeUpdate(abortUpdate, { args: [stop] });
    assert.equal((await ended(recovery)).outcome.status, 'aborted');
    assert.ok(simulator.cluster.effects.includes('restore master-1'), simulator.cluster.effects.join(', '));
  });

  it('is not done by a worker that was upgraded since the vote, but by one of the approved version', async () => {
    const simulator = recoveries.host(brokenCluster('upgraded'));
    const { cluster } = simulator;
    const { scripts } = cluster;
    simulator.before('recordCsrs', 1, () => {
      cluster.scripts = { ...scripts, 'restart-kubelet.sh': '00'.repeat(32) };
    });
    const recovery = await recoveries.start(cluster);
    await approve(recovery);
    const { blocked } = await untilBlocked(recovery);
    assert.equal(blocked.errorType, 'PreconditionFailed');
    assert.ok(!cluster.effects.includes('restart master-1'));

    cluster.scripts = scripts;
    await recovery.executeUpdate(resolveStepUpdate, { args: [retry('restart')] });
    assert.equal((await ended(recovery)).outcome.status, 'healed');
  });

  it('waits for a person while another master ails', async () => {
    const simulator = recoveries.host(brokenCluster('second-fault'));
    const { cluster } = simulator;
    simulator.before('installBootstrapCredential', 1, () => {
      nodeIn(cluster, 'master-2').etcdHealthy = false;
    });
    simulator.before('readPolicy', 2, ({ policy }) => {
      policy.reobserveEveryMs = 100;
    });
    const recovery = await recoveries.start(cluster);
    await approve(recovery);
    const { blocked } = await untilBlocked(recovery);
    assert.equal(blocked.stepId, 'restart');
    assert.equal(blocked.errorType, 'PreconditionFailed');
    assert.match(blocked.error, /etcd member on master-2/);
    assert.deepEqual(blocked.choices, ['retry', 'abort']);
    assert.ok(!simulator.calls.includes('recordCsrs'));

    nodeIn(cluster, 'master-2').etcdHealthy = true;
    await recovery.executeUpdate(resolveStepUpdate, { args: [retry('restart')] });
    assert.equal((await ended(recovery)).outcome.status, 'healed');
  });
});
