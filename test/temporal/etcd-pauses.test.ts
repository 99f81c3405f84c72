import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import { isRecoveryOver } from '../../activities/observe/run-over.ts';
import { nodeRunId } from '../../domain/run.ts';
import { dataGoes, healthyEtcd, type EtcdModel } from '../simulator/etcd/state.ts';
import { approve, ended, serveClusters, untilBlocked, type Recoveries } from './support/recoveries.ts';
import { firstTask, reset } from './support/resets.ts';

const names = ['pauses-terminated', 'pauses-reset'];

describe('What a run of EtcdRecovery has paused', { concurrency: 2, timeout: 600_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters(names);
  });
  after(() => recoveries.close());

  /** A run that has paused what there is to be paused, and stands still at its next step. */
  async function paused(cluster: EtcdModel) {
    const simulator = recoveries.host(cluster);
    simulator.fail('removeMember', 'ApiForbidden');
    const recovery = await recoveries.startEtcd(cluster);
    await approve(recovery);
    await untilBlocked(recovery);
    const id = nodeRunId(recovery.firstExecutionRunId);
    assert.deepEqual(cluster.model.paused, [{ name: 'masters', by: id }]);
    return { recovery, id };
  }

  /** As an activity asks it. */
  function isOver(cluster: string, run: string): Promise<boolean> {
    const environment = new MockActivityEnvironment({}, { client: recoveries.temporal.client });
    return environment.run(isRecoveryOver, cluster, run);
  }

  it('is resumed by the next one when it was terminated, and left to it as long as it goes on', async () => {
    const cluster = dataGoes(healthyEtcd('pauses-terminated'), 'lost');
    assert.equal(await isOver(cluster.name, '0123456789ab'), false, 'nothing is known of any run');
    const { recovery, id } = await paused(cluster);
    assert.equal(await isOver(cluster.name, id), false);
    assert.equal(await isOver(cluster.name, '0123456789ab'), false, 'it may go on in another Temporal');
    await recovery.terminate('a person');
    assert.equal(await isOver(cluster.name, id), true);

    const next = await recoveries.startEtcd(cluster);
    await approve(next);
    const { outcome, report } = await ended(next);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.match(report, new RegExp(`paused by run ${id}, and taken over if that is over`));
    assert.deepEqual(cluster.model.paused, [{ name: 'masters' }]);
  });

  it('is resumed after a Reset to before it had paused anything', async () => {
    const cluster = dataGoes(healthyEtcd('pauses-reset'), 'lost');
    const { recovery } = await paused(cluster);
    const again = await reset(recoveries, recovery, firstTask);
    await approve(again);
    const { outcome } = await ended(again);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.deepEqual(cluster.model.paused, [{ name: 'masters' }]);
  });
});
