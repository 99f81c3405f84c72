import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { WorkflowHandle } from '@temporalio/client';
import { awaitBrake, readBrake as readRealBrake } from '../../activities/observe/brake.ts';
import type { BrakeReading } from '../../domain/brake.ts';
import { abortUpdate, voteUpdate } from '../../workflows/messages.ts';
import type { Simulator } from '../simulator/simulator.ts';
import { brokenCluster, nodeIn } from '../simulator/state.ts';
import { pause, resume, untilOn } from './support/brakes.ts';
import {
  approve,
  ended,
  refusalOf,
  serveClusters,
  untilGate,
  untilState,
  type Recoveries,
  type Recovery,
} from './support/recoveries.ts';
import { lastTask, reset } from './support/resets.ts';

const names = ['reset', 'aborted', 'rejected', 'withdrawn', 'at-the-first', 'barred', 'in-doubt'];
const stop = { by: 'ada', reason: 'enough' };

/** Clusters whose brake the runs take for off, so many times yet: the worker's guard sees the real one. */
const blind = new Map<string, number>();

describe('While the brake holds a run', { concurrency: 4, timeout: 540_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters(names, {
      readBrake: ({ workflowId }) => reading(workflowId),
      awaitBrake,
    });
  });
  after(() => recoveries.close());

  /** Held directly before the restart: everything of that step is done but its act. */
  async function heldBeforeRestart(name: string) {
    const simulator = recoveries.host(brokenCluster(name));
    let brake: WorkflowHandle | undefined;
    simulator.intercept('recordCsrs', async (perform, call) => {
      if (call === 1) await untilOn((brake = await pause(recoveries, name)));
      return await perform();
    });
    const recovery = await recoveries.start(simulator.cluster);
    await approve(recovery);
    await untilState(recovery, ({ paused }) => paused !== undefined);
    return { simulator, recovery, brake: brake! };
  }

  it('a reset directly before the restart takes the votes away: nothing is restarted without new ones', async () => {
    const { simulator, recovery, brake } = await heldBeforeRestart('reset');
    const again = await reset(recoveries, recovery, lastTask);
    await untilState(again, ({ timeline }) => timeline.some(({ text }) => text.includes('was reset')));
    await resume(brake);
    await untilGate(again, 'plan-2');
    assert.equal(restarts(simulator), 0);
    await approve(again, 'plan-2');
    assert.equal((await ended(again)).outcome.status, 'healed');
    assert.equal(restarts(simulator), 1);
  });

  it('an abort directly before the restart is obeyed, and the restart is shown as one that never began', async () => {
    const { simulator, recovery, brake } = await heldBeforeRestart('aborted');
    await recovery.executeUpdate(abortUpdate, { args: [stop] });
    await resume(brake);
    const { outcome, state } = await ended(recovery);
    assert.equal(outcome.status, 'aborted');
    assert.equal(restarts(simulator), 0);
    assert.equal(simulator.cluster.effects.at(-1), 'restore master-1');
    const restart = state.steps.find(({ id }) => id === 'restart');
    assert.deepEqual([restart?.state, restart?.startedAt], ['pending', undefined]);
  });

  it('a rejection ends it before its first act, and the brake stays on', async () => {
    const { cluster } = recoveries.host(brokenCluster('rejected'));
    const { recovery, brake } = await approvedWhilePaused(recoveries, cluster);
    assert.deepEqual((await recovery.describe()).searchAttributes['IncidentState'], ['paused']);
    await say(recovery, 'reject', 'ben');
    assert.equal((await ended(recovery)).outcome.status, 'rejected');
    assert.deepEqual(cluster.effects, []);
    await resume(brake);
  });

  it('an approval that is withdrawn leaves it waiting at the same gate', async () => {
    const { cluster } = recoveries.host(brokenCluster('withdrawn'));
    const { recovery, brake } = await approvedWhilePaused(recoveries, cluster);
    await say(recovery, 'withdraw', 'grace');
    await untilGate(recovery);
    await resume(brake);
    await approve(recovery, 'plan-1', 'ben');
    assert.equal((await ended(recovery)).outcome.status, 'healed');
  });

  it('before its very first act, the plan is looked at once more: another one needs votes of its own', async () => {
    const { cluster } = recoveries.host(brokenCluster('at-the-first'));
    blind.set(cluster.name, 1);
    const { recovery, brake } = await approvedWhilePaused(recoveries, cluster);
    nodeIn(cluster, 'master-1').bootstrap.sha256 = 'ef'.repeat(32);
    await resume(brake);
    await untilGate(recovery, 'plan-2');
    assert.deepEqual(cluster.effects, []);
    await recovery.executeUpdate(abortUpdate, { args: [stop] });
    await ended(recovery);
  });

  it('whose restart the worker did not begin, an abort is still possible', async () => {
    const { simulator, recovery, brake } = await barredAtRestart('barred', 0);
    await recovery.executeUpdate(abortUpdate, { args: [stop] });
    await resume(brake);
    assert.equal((await ended(recovery)).outcome.status, 'aborted');
    assert.equal(restarts(simulator), 0);
  });

  it('whose restart may have happened with its answer lost, no abort is possible any more', async () => {
    const { recovery, brake } = await barredAtRestart('in-doubt', 1);
    const refusal = await refusalOf(recovery.executeUpdate(abortUpdate, { args: [stop] }));
    assert.equal(refusal.type, 'PastPointOfNoReturn');
    const { steps } = await untilState(recovery, ({ paused }) => paused !== undefined);
    assert.match(steps.find(({ id }) => id === 'restart')?.note ?? '', /an earlier one may have/);
    await resume(brake);
    assert.equal((await ended(recovery)).outcome.status, 'healed');
  });

  /** The brake goes on between the run's last look at it and the attempt after the `lost` ones. */
  async function barredAtRestart(name: string, lost: number) {
    const simulator = recoveries.host(brokenCluster(name));
    let brake: WorkflowHandle | undefined;
    const goOn = async () => {
      await untilOn((brake = await pause(recoveries, name)));
    };
    simulator.intercept('recordCsrs', async (perform, call) => {
      if (call > 1) return await perform();
      blind.set(name, 1);
      if (lost === 0) await goOn();
      return await perform();
    });
    simulator.intercept('restartKubelet', async (perform, call) => {
      const report = await perform();
      if (call > lost) return report;
      await goOn();
      throw new Error('socket hang up');
    });
    const recovery = await recoveries.start(simulator.cluster);
    await approve(recovery);
    await untilState(recovery, ({ paused }) => paused !== undefined);
    return { simulator, recovery, brake: brake! };
  }
});

function restarts({ cluster }: Simulator): number {
  return cluster.effects.filter((effect) => effect.startsWith('restart')).length;
}

async function approvedWhilePaused(recoveries: Recoveries, cluster: Simulator['cluster']) {
  const brake = await pause(recoveries, cluster.name);
  await untilOn(brake);
  const recovery = await recoveries.start(cluster);
  await approve(recovery);
  await untilState(recovery, ({ paused }) => paused !== undefined);
  return { recovery, brake };
}

async function say(recovery: Recovery, decision: 'reject' | 'withdraw', by: string): Promise<void> {
  const { gate } = await untilState(recovery, (state) => state.gate !== undefined);
  const { id, nonce, subject } = gate!;
  const vote = { gate: id, nonce, decision, by, reason: 'seen again', cluster: subject.cluster };
  await recovery.executeUpdate(voteUpdate, { args: [vote] });
}

async function reading(workflowId: string): Promise<BrakeReading> {
  const name = workflowId.replace('brake/', '');
  const left = blind.get(name) ?? 0;
  if (left === 0) return await readRealBrake({ workflowId });
  blind.set(name, left - 1);
  return { state: 'off' };
}
