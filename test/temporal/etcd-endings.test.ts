import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import { abortUpdate, resolveStepUpdate } from '../../workflows/messages.ts';
import { overridesOf } from '../simulator/etcd/operator.ts';
import {
  addressChanges,
  dataGoes,
  etcdMasterIn,
  healthyEtcd,
  type EtcdModel,
} from '../simulator/etcd/state.ts';
import { recordHistory } from './support/record-history.ts';
import {
  approve,
  ended,
  serveClusters,
  untilBlocked,
  untilState,
  type Recoveries,
  type Recovery,
} from './support/recoveries.ts';

const names = [
  'etcd-aborted-before',
  'etcd-aborted-after',
  'etcd-aborted-unsure',
  'etcd-aborted-waiting',
  'etcd-blocked',
  'etcd-reply-lost',
  'etcd-withdrawn',
  'etcd-gone-meanwhile',
  'etcd-bad-snapshot',
  'etcd-barred-snapshot',
  'etcd-half-snapshot',
  'etcd-barred',
  'etcd-override-fails',
  'etcd-machine',
  'etcd-raced',
];

describe('A run of EtcdRecovery that does not go straight', { concurrency: 4, timeout: 600_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters(names);
  });
  after(() => recoveries.close());

  const begun = async (cluster: EtcdModel, arrange?: (simulator: ReturnType<Recoveries['host']>) => void) => {
    const simulator = recoveries.host(cluster);
    arrange?.(simulator);
    const recovery = await recoveries.startEtcd(cluster);
    await approve(recovery);
    return { simulator, recovery };
  };

  it('aborted before the removal puts everything back, also what failed half-way, and keeps the snapshot and the mark of an abort alone', async () => {
    const cluster = dataGoes(healthyEtcd('etcd-aborted-before'), 'corrupt');
    const { recovery } = await begun(cluster, (simulator) =>
      simulator.intercept('quarantineEtcd', async (perform) => {
        await perform();
        throw ApplicationFailure.nonRetryable('the manifest could not be put back', 'NodeScriptFailed');
      }),
    );
    await untilBlocked(recovery);
    assert.equal(etcdMasterIn(cluster, 'master-2').data, 'aside');
    await resolve(recovery, 'quarantine', 'abort');
    const { outcome, state } = await ended(recovery);
    assert.equal(outcome.status, 'aborted');
    assert.equal(etcdMasterIn(cluster, 'master-2').data, 'corrupt');
    assert.ok(!cluster.effects.some((effect) => effect.startsWith('remove')));
    assert.deepEqual(cluster.model.paused, [{ name: 'masters' }]);
    assert.deepEqual(
      state.kept?.map((one) => one.includes('quarantine')),
      [false, false, false],
    );
    assert.match(
      state.kept?.[2] ?? '',
      /^\/var\/lib\/etcd-recovery\/\S+ on master-2: the mark that holds back/,
    );
    await recordHistory(recovery, 'etcd-aborted-before-removal');
  });

  it('aborted when the removal may have happened never brings the data back', async () => {
    const cluster = dataGoes(healthyEtcd('etcd-aborted-unsure'), 'corrupt');
    const { recovery } = await begun(cluster, (simulator) => simulator.fail('removeMember', 'ApiForbidden'));
    await untilBlocked(recovery);
    await resolve(recovery, 'remove-member', 'abort');
    const { outcome, state } = await ended(recovery);
    assert.equal(outcome.status, 'aborted');
    assert.equal(etcdMasterIn(cluster, 'master-2').data, 'aside');
    assert.deepEqual(cluster.model.paused, [{ name: 'masters' }]);
    assert.ok(state.kept?.some((one) => one.includes('quarantine')));
  });

  it('aborted after the removal restores override and remediators alone, keeps the quarantine, and says what is left', async () => {
    const cluster = dataGoes(healthyEtcd('etcd-aborted-after'), 'corrupt');
    cluster.model.lag.join = 1_000;
    const { recovery } = await begun(cluster);
    const { blocked } = await untilBlocked(recovery);
    assert.equal(blocked.stepId, 'await-voter');
    assert.ok(blocked.choices.includes('abort'));
    await recovery.executeUpdate(abortUpdate, {
      args: [{ by: 'ada', reason: 'the disk is replaced first' }],
    });
    const { outcome, report } = await recovery.result();
    assert.equal(outcome.status, 'aborted');
    assert.match(outcome.handOver ?? '', /Still to do: Wait until the operator has added the new member/);
    assert.equal(etcdMasterIn(cluster, 'master-2').data, 'aside');
    assert.ok(!cluster.effects.some((effect) => effect.startsWith('restore')), String(cluster.effects));
    assert.deepEqual(cluster.model.paused, [{ name: 'masters' }]);
    assert.equal(overridesOf(cluster), undefined);
    assert.match(report, /quarantine-.* on master-2/);
    await recordHistory(recovery, 'etcd-aborted-after-removal');
  });

  it('aborted while it waits for the revision ends at once, and the override goes back', async () => {
    const cluster = addressChanges(healthyEtcd('etcd-aborted-waiting'));
    const { promise: never, resolve: release } = Promise.withResolvers<void>();
    const { simulator, recovery } = await begun(cluster, (one) =>
      one.intercept('awaitEtcd', async (perform, call) => {
        if (call === 1) await never;
        return await perform();
      }),
    );
    await untilCalled(simulator, 'awaitEtcd');
    await recovery.executeUpdate(abortUpdate, { args: [{ by: 'ada', reason: 'enough' }] });
    const { outcome } = await ended(recovery);
    release();
    assert.equal(outcome.status, 'aborted', outcome.sentence);
    assert.equal(overridesOf(cluster), undefined);
    assert.deepEqual(cluster.model.paused, [{ name: 'masters' }]);
    assert.ok(cluster.effects.includes('put back etcd-unsafe-override'), String(cluster.effects));
  });

  it('goes on from the step that was blocked, when a person has mended what it named', async () => {
    const cluster = addressChanges(healthyEtcd('etcd-blocked'));
    const { recovery } = await begun(cluster, (simulator) =>
      simulator.fail('takeSnapshot', 'NodeScriptFailed'),
    );
    const { blocked } = await untilBlocked(recovery);
    assert.equal(blocked.stepId, 'snapshot');
    await resolve(recovery, 'snapshot', 'retry');
    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    await recordHistory(recovery, 'etcd-blocked-then-retried');
  });

  it('removes once, when the reply of the removal is lost', async () => {
    const cluster = addressChanges(healthyEtcd('etcd-reply-lost'));
    const { recovery } = await begun(cluster, (simulator) =>
      simulator.intercept('removeMember', async (perform, call) => {
        const reply = await perform();
        if (call === 1) throw ApplicationFailure.retryable('the connection was cut', 'OutcomeUnknown');
        return reply;
      }),
    );
    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.equal(cluster.effects.filter((effect) => effect.startsWith('remove')).length, 1);
  });

  it('is withdrawn when a second member fails after the vote: paused is resumed, and no member is removed', async () => {
    const cluster = dataGoes(healthyEtcd('etcd-withdrawn'));
    const { recovery } = await begun(cluster, (simulator) =>
      simulator.before('pauseRemediators', 1, () => {
        etcdMasterIn(cluster, 'master-1').stopped = true;
      }),
    );
    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'refused');
    assert.equal(outcome.reason, 'QuorumLost');
    assert.match(
      outcome.sentence,
      /Done, and not put back: snapshot, copy-off-node\. Put back: pause-remediators/,
    );
    assert.deepEqual(cluster.model.paused, [{ name: 'masters' }]);
    assert.ok(!cluster.effects.some((effect) => effect.startsWith('remove')));
    await recordHistory(recovery, 'etcd-withdrawn');
  });

  it('is resolved when the member comes back after the vote', async () => {
    const cluster = dataGoes(healthyEtcd('etcd-gone-meanwhile'));
    const { recovery } = await begun(cluster, (simulator) =>
      simulator.before('pauseRemediators', 1, () => {
        etcdMasterIn(cluster, 'master-2').data = 'sound';
      }),
    );
    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'resolved', outcome.sentence);
    assert.deepEqual(cluster.model.paused, [{ name: 'masters' }]);
    assert.ok(!cluster.effects.some((effect) => effect.startsWith('remove')));
  });

  it('is refused when the snapshot does not verify: nothing but looking was done', async () => {
    const cluster = addressChanges(healthyEtcd('etcd-bad-snapshot'));
    const { recovery } = await begun(cluster, (simulator) =>
      simulator.fail('takeSnapshot', 'SnapshotNotVerified'),
    );
    const { outcome } = await ended(recovery);
    assert.equal(outcome.reason, 'SnapshotNotVerified');
    assert.deepEqual(cluster.effects, []);
  });

  it('is refused so also when the brake had barred the snapshot again and again before: nobody is asked to retry', async () => {
    const cluster = addressChanges(healthyEtcd('etcd-barred-snapshot'));
    const { recovery } = await begun(cluster, (simulator) => {
      simulator.fail('takeSnapshot', 'SnapshotNotVerified', 10);
      simulator.fail('takeSnapshot', 'BrakeOn', 3);
    });
    const { outcome } = await ended(recovery);
    assert.equal(outcome.reason, 'SnapshotNotVerified', outcome.sentence);
  });

  it('names a snapshot that was not finished when it is terminated in the middle of it', async () => {
    const cluster = addressChanges(healthyEtcd('etcd-half-snapshot'));
    const { promise: never, resolve: release } = Promise.withResolvers<void>();
    const { simulator, recovery } = await begun(cluster, (one) => one.intercept('takeSnapshot', () => never));
    await untilCalled(simulator, 'takeSnapshot');
    const { kept } = await untilState(recovery, (state) => state.kept !== undefined);
    assert.match(
      kept?.join() ?? '',
      /\/var\/lib\/etcd-recovery\/\w+ on master-0: a snapshot of etcd that was not finished may lie there, or in \/var\/lib\/etcd\/\.cpr-snapshot-/,
    );
    await recovery.terminate('a test');
    release();
  });

  it('does not look unbegun when the brake bars the second act of the override', async () => {
    const cluster = addressChanges(healthyEtcd('etcd-barred'));
    cluster.model.lag.revision = 10;
    let barred = 0;
    const { recovery } = await begun(cluster, (simulator) =>
      simulator.intercept('forceRedeployment', (perform) => {
        if (barred++ > 0) return perform();
        throw ApplicationFailure.nonRetryable('the brake is on', 'BrakeOn', { unbegun: true });
      }),
    );
    const { outcome, state } = await ended(recovery);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.equal(barred, 2);
    assert.equal(state.steps.find(({ id }) => id === 'override-lease')?.state, 'done');
    assert.equal(cluster.effects.filter((effect) => effect.startsWith('put back')).length, 2);
  });

  it('puts the override back when no revision comes, and blocks', async () => {
    const cluster = addressChanges(healthyEtcd('etcd-override-fails'));
    cluster.model.lag.revision = 100_000;
    const other = { ...(overridesOf(cluster) as object), theirs: { kept: 'byte for byte' } };
    (cluster.etcdObject as { spec: object }).spec = { unsupportedConfigOverrides: other };
    const { recovery } = await begun(cluster);
    const { blocked } = await untilBlocked(recovery);
    assert.deepEqual([blocked.stepId, blocked.errorType], ['override-lease', 'NotYetHealthy']);
    assert.deepEqual(overridesOf(cluster), other);
    cluster.model.lag.revision = 1;
    await resolve(recovery, 'override-lease', 'retry');
    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.deepEqual(overridesOf(cluster), other);
    assert.equal(cluster.effects.filter((effect) => effect.startsWith('remove')).length, 1);
  });

  it('blocks, and says what is in the way, when the Machine keeps the old address after the removal', async () => {
    const cluster = addressChanges(healthyEtcd('etcd-machine'));
    const { recovery } = await begun(cluster, (simulator) =>
      simulator.before('removeMember', 1, () => {
        cluster.model.lag.machine = 'never';
        etcdMasterIn(cluster, 'master-2').machine = '10.78.0.13';
      }),
    );
    const { blocked } = await untilBlocked(recovery);
    assert.deepEqual([blocked.stepId, blocked.errorType], ['await-voter', 'MachineNotFollowing']);
    assert.match(blocked.advice, /Make the Machine’s status name the node’s address/);
    cluster.model.lag.machine = 0;
    await resolve(recovery, 'await-voter', 'retry');
    assert.equal((await ended(recovery)).outcome.status, 'healed');
  });

  it('removes nothing when the operator removed the member directly before, and goes on', async () => {
    const cluster = addressChanges(healthyEtcd('etcd-raced'));
    const { recovery } = await begun(cluster, (simulator) =>
      simulator.before('pauseRemediators', 1, () => {
        cluster.model.members.pop();
      }),
    );
    const { outcome, state } = await ended(recovery);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.equal(state.steps.find(({ id }) => id === 'remove-member')?.state, 'already-so');
    assert.ok(!cluster.effects.some((effect) => effect.startsWith('remove')));
  });
});

async function resolve(recovery: Recovery, stepId: string, action: 'retry' | 'abort'): Promise<void> {
  const said = { stepId, action, by: 'grace', reason: 'mended' };
  await recovery.executeUpdate(resolveStepUpdate, { args: [said] });
}

async function untilCalled({ calls }: { calls: string[] }, name: string): Promise<void> {
  for (let tries = 0; tries < 600 && !calls.includes(name); tries++)
    await new Promise((resolved) => setTimeout(resolved, 50));
  assert.ok(calls.includes(name), `${name} was called`);
}
