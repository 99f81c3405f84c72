import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { readBrake as readRealBrake } from '../../activities/observe/brake.ts';
import type { BrakeReading } from '../../domain/brake.ts';
import { abortUpdate } from '../../workflows/messages.ts';
import { brokenCluster, healthyCluster, nodeIn } from '../simulator/state.ts';
import { pause, resume, untilOn } from './support/brakes.ts';
import {
  approve,
  ended,
  serveClusters,
  untilGate,
  untilState,
  type Recoveries,
} from './support/recoveries.ts';

const acts = [
  'backUpKubelet',
  'installBootstrapCredential',
  'restartKubelet',
  'approveKubeletCsr',
  'installDurableBootstrap',
] as const;

const names = [
  'paused',
  'neighbour',
  'aborted-paused',
  'undone-paused',
  'unreadable',
  'changed-meanwhile',
  'forms',
  'late-brake',
  'long-hold',
  ...acts,
];

/** Clusters whose brake cannot be read just now. */
const unreadable = new Set<string>();

describe('The brake of a cluster', { concurrency: 4, timeout: 540_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters(names, {
      readBrake: async ({ workflowId }) => await reading(workflowId),
      awaitBrake: async ({ workflowId, unlike }) => {
        for (;;) {
          const seen = await reading(workflowId);
          if (seen.state !== unlike.state) return seen;
          await sleep(50);
        }
      },
    });
  });
  after(() => recoveries.close());

  it('lets no act begin: the run says who stops it and why, and goes on at the same place when it is released', async () => {
    const { cluster, calls } = recoveries.host(brokenCluster('paused'));
    const brake = await pause(recoveries, 'paused');
    await untilOn(brake);
    const recovery = await recoveries.start(cluster);
    await approve(recovery);
    const { paused, timeline } = await untilState(recovery, (state) => state.paused !== undefined);
    assert.equal(paused?.by, 'olga');
    assert.equal(paused?.reason, 'the switch is being replaced');
    assert.ok(timeline.some(({ text }) => text.startsWith('Paused by olga')));
    assert.deepEqual(cluster.effects, []);

    const looks = calls.filter((name) => name === 'observeControlPlane').length;
    await resume(brake);
    const { outcome, state } = await ended(recovery);
    assert.equal(outcome.status, 'healed');
    assert.equal(state.paused, undefined);
    assert.equal(
      calls.filter((name) => name === 'observeControlPlane').length,
      looks + 2,
      'once more after the pause, and once before the restart',
    );
  });

  for (const act of acts) {
    it(`put on while ${act} is under way lets that end, begins no other act, and loses none`, async () => {
      const simulator = recoveries.host(brokenCluster(act));
      const recovery = await recoveries.start(simulator.cluster);
      let brake: WorkflowHandle | undefined;
      simulator.intercept(act, async (perform, call) => {
        if (call === 1) await untilOn((brake = await pause(recoveries, act)));
        return await perform();
      });
      await approve(recovery);
      const { phase } = await untilState(
        recovery,
        (state) => state.paused !== undefined || state.phase === 'closed',
      );
      assert.notEqual(phase, 'closed');
      const soFar = [...simulator.cluster.effects];
      assert.match(soFar.at(-1) ?? '', effectOf[act]);
      await resume(brake!);
      assert.equal((await ended(recovery)).outcome.status, 'healed');
      assert.deepEqual(simulator.cluster.effects.slice(0, soFar.length), soFar);
      assert.equal(simulator.cluster.effects.length, 5, 'each act once');
    });
  }

  it('put on when an act was asked for and had not begun keeps it from beginning', async () => {
    const simulator = recoveries.host(brokenCluster('late-brake'));
    let brake: WorkflowHandle | undefined;
    // The first attempt is lost before its effect; the brake is on when the second one begins.
    simulator.intercept('installBootstrapCredential', async (perform, call) => {
      if (call > 1) return await perform();
      await untilOn((brake = await pause(recoveries, 'late-brake')));
      throw new Error('socket hang up');
    });
    const recovery = await recoveries.start(simulator.cluster);
    await approve(recovery);
    const { steps } = await untilState(recovery, (state) => state.paused !== undefined);
    assert.equal(steps.find(({ id }) => id === 'bootstrap')?.state, 'pending');
    assert.deepEqual(simulator.cluster.effects, ['back up master-1']);
    await resume(brake!);
    assert.equal((await ended(recovery)).outcome.status, 'healed');
  });

  it('holds a run just before the restart, and the other masters are looked at again after it', async () => {
    const simulator = recoveries.host(brokenCluster('long-hold'));
    let brake: WorkflowHandle | undefined;
    simulator.intercept('recordCsrs', async (perform, call) => {
      if (call === 1) await untilOn((brake = await pause(recoveries, 'long-hold')));
      return await perform();
    });
    const recovery = await recoveries.start(simulator.cluster);
    await approve(recovery);
    const { pastPointOfNoReturn } = await untilState(recovery, (state) => state.paused !== undefined);
    assert.equal(pastPointOfNoReturn, undefined);
    const soFar = simulator.calls.length;
    await resume(brake!);
    assert.equal((await ended(recovery)).outcome.status, 'healed');
    assert.deepEqual(simulator.calls.slice(soFar, soFar + 4), [
      'observeControlPlane',
      'objectToRestart',
      'recordCsrs',
      'restartKubelet',
    ]);
  });

  it('holds one cluster and no other', async () => {
    recoveries.host(healthyCluster('neighbour'));
    const brake = await pause(recoveries, 'neighbour');
    await untilOn(brake);
    const { cluster } = recoveries.host(brokenCluster('forms'));
    const recovery = await recoveries.start(cluster);
    await approve(recovery);
    const { outcome, state } = await ended(recovery);
    assert.equal(outcome.status, 'healed');
    assert.ok(!state.timeline.some(({ text }) => text.startsWith('Paused')));
    await resume(brake);
  });

  it('is no bar to an abort; when nothing was changed the run ends at once', async () => {
    const { cluster } = recoveries.host(brokenCluster('aborted-paused'));
    const brake = await pause(recoveries, 'aborted-paused');
    await untilOn(brake);
    const recovery = await recoveries.start(cluster);
    await approve(recovery);
    await untilState(recovery, (state) => state.paused !== undefined);
    await recovery.executeUpdate(abortUpdate, { args: [{ by: 'ada', reason: 'enough' }] });
    assert.equal((await ended(recovery)).outcome.status, 'aborted');
    assert.deepEqual(cluster.effects, []);
    await resume(brake);
  });

  it('makes what an abort puts back wait for the release too', async () => {
    const simulator = recoveries.host(brokenCluster('undone-paused'));
    let brake: WorkflowHandle | undefined;
    simulator.intercept('installBootstrapCredential', async (perform) => {
      brake = await pause(recoveries, 'undone-paused');
      await untilOn(brake);
      return await perform();
    });
    const recovery = await recoveries.start(simulator.cluster);
    await approve(recovery);
    await untilState(recovery, (state) => state.paused !== undefined);
    await recovery.executeUpdate(abortUpdate, { args: [{ by: 'ada', reason: 'enough' }] });
    await untilState(
      recovery,
      ({ paused, timeline }) =>
        paused !== undefined && timeline.some(({ text }) => text === 'Aborted while paused'),
    );
    assert.ok(!simulator.cluster.effects.includes('restore master-1'));
    await resume(brake!);
    assert.equal((await ended(recovery)).outcome.status, 'aborted');
    assert.equal(simulator.cluster.effects.at(-1), 'restore master-1');
  });

  it('that cannot be read counts as on: unknown means no, and the run says so', async () => {
    const { cluster } = recoveries.host(brokenCluster('unreadable'));
    unreadable.add('unreadable');
    const recovery = await recoveries.start(cluster);
    await approve(recovery);
    const { paused } = await untilState(recovery, (state) => state.paused !== undefined);
    assert.match(paused?.reason ?? '', /could not be read, and unknown means no: .*permission denied/);
    assert.equal(paused?.assumed, true);
    assert.deepEqual(cluster.effects, []);
    unreadable.delete('unreadable');
    assert.equal((await ended(recovery)).outcome.status, 'healed');
  });

  it('does not save an approval: what changed during the pause opens a new gate', async () => {
    const { cluster } = recoveries.host(brokenCluster('changed-meanwhile'));
    const brake = await pause(recoveries, 'changed-meanwhile');
    await untilOn(brake);
    const recovery = await recoveries.start(cluster);
    await approve(recovery);
    await untilState(recovery, (state) => state.paused !== undefined);
    nodeIn(cluster, 'master-1').bootstrap.sha256 = 'ef'.repeat(32);
    await resume(brake);
    await untilGate(recovery, 'plan-2');
    assert.deepEqual(cluster.effects, []);
    await recovery.executeUpdate(abortUpdate, { args: [{ by: 'ada', reason: 'enough' }] });
    await ended(recovery);
  });
});

const effectOf: Record<(typeof acts)[number], RegExp> = {
  backUpKubelet: /^back up/,
  installBootstrapCredential: /^install bootstrap/,
  restartKubelet: /^restart/,
  approveKubeletCsr: /^approve/,
  installDurableBootstrap: /^graduate/,
};

async function reading(workflowId: string): Promise<BrakeReading> {
  if (unreadable.has(workflowId.replace('brake/', '')))
    return { state: 'unknown', because: 'permission denied' };
  return await readRealBrake({ workflowId });
}
