import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { WorkflowHandle } from '@temporalio/client';
import { dataGoes, etcdMasterIn, healthyEtcd, type EtcdModel } from '../simulator/etcd/state.ts';
import { pause, resume, untilOn } from './support/brakes.ts';
import { approve, ended, serveClusters, untilState, type Recoveries } from './support/recoveries.ts';

const names = ['old-look-well', 'old-look-ill'];

describe('A look from before a pause', { concurrency: 2, timeout: 540_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters(names);
  });
  after(() => recoveries.close());

  /** The brake goes on between the look before the removal and the removal; then `meanwhile` happens, and it is released. */
  async function releasedAfter(cluster: EtcdModel, meanwhile: () => void) {
    const simulator = recoveries.host(cluster);
    let brake: WorkflowHandle | undefined;
    simulator.intercept('observeEtcd', async (perform) => {
      const seen = await perform();
      if (!brake && simulator.calls.includes('pauseRemediators'))
        await untilOn((brake = await pause(recoveries, cluster.name)));
      return seen;
    });
    const recovery = await recoveries.startEtcd(cluster);
    await approve(recovery);
    await untilState(recovery, ({ paused }) => paused !== undefined);
    assert.ok(!cluster.effects.some((effect) => effect.startsWith('remove')), String(cluster.effects));
    const looks = simulator.calls.filter((name) => name === 'objectToMemberChange').length;
    meanwhile();
    await resume(brake!);
    const { outcome } = await ended(recovery);
    const more = simulator.calls.filter((name) => name === 'objectToMemberChange').length - looks;
    return { outcome, more };
  }

  it('is made anew before a member is removed, and then it is', async () => {
    const cluster = dataGoes(healthyEtcd('old-look-well'), 'lost');
    const { outcome, more } = await releasedAfter(cluster, () => undefined);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.ok(more >= 1, 'it was asked once more');
    assert.equal(cluster.effects.filter((effect) => effect.startsWith('remove')).length, 1);
  });

  it('removes nobody where another member has failed since', async () => {
    const cluster = dataGoes(healthyEtcd('old-look-ill'), 'lost');
    const { outcome } = await releasedAfter(cluster, () => {
      etcdMasterIn(cluster, 'master-1').stopped = true;
    });
    assert.equal(outcome.reason, 'QuorumLost', outcome.sentence);
    assert.ok(!cluster.effects.some((effect) => effect.startsWith('remove')), String(cluster.effects));
    assert.deepEqual(cluster.model.paused, [{ name: 'masters' }]);
  });
});
