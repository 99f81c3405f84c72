import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Vote } from '../../domain/approval.ts';
import { resolveStepUpdate } from '../../workflows/messages.ts';
import { brokenCluster } from '../simulator/state.ts';
import {
  approve,
  ended,
  serveClusters,
  untilBlocked,
  untilGate,
  untilState,
  type Recoveries,
} from './support/recoveries.ts';
import { firstTask, lastTask, reset } from './support/resets.ts';
import { refusedAs, send } from './support/signed-votes.ts';

const two = { reversible: 2, irreversible: 2, breakGlass: 2 };

function voteFor(cluster: string, gate: { id: string; nonce: string }, by: string): Vote {
  return { gate: gate.id, nonce: gate.nonce, decision: 'approve', by, reason: 'go', cluster };
}

describe('What voids an approval:', { concurrency: 4, timeout: 540_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters(['to-the-gate', 'to-the-start', 'to-the-acts', 'mode-changes']);
  });
  after(() => recoveries.close());

  it('the inventory, when it demands signatures while open votes are in: a new gate says why', async () => {
    const simulator = recoveries.host(
      brokenCluster('mode-changes', {
        reobserveEveryMs: 300,
        votes: { reversible: 2, irreversible: 2, breakGlass: 2 },
      }),
    );
    const { cluster } = simulator;
    const recovery = await recoveries.start(cluster);
    const { gate } = await untilGate(recovery);
    const { id, nonce } = gate!;
    const open = {
      gate: id,
      nonce,
      decision: 'approve',
      by: 'anna',
      reason: 'go',
      cluster: cluster.name,
    } as const;
    await send(recovery, open);
    cluster.policy.approvals = 'signed';
    const state = await untilGate(recovery, 'plan-2');
    assert.equal(state.gate?.mode, 'signed');
    assert.ok(state.timeline.some(({ text }) => text.includes('approvals of this cluster are now signed')));
    await refusedAs(recovery, { ...open, by: 'ben' }, 'NoSignature');
    assert.deepEqual(cluster.effects, []);
    await recovery.terminate();
  });

  it('`temporal workflow reset`: a vote that the server delivers again does not count; nor does one of before it', async () => {
    const { cluster } = recoveries.host(brokenCluster('to-the-gate', { votes: two }));
    const first = await recoveries.start(cluster);
    const { gate } = await untilGate(first);
    const anna = voteFor(cluster.name, gate!, 'anna');
    await send(first, anna);

    const again = await reset(recoveries, first, lastTask);
    const state = await untilState(again, ({ timeline }) =>
      timeline.some(({ text }) => text.includes('reset')),
    );
    assert.equal(state.gate?.id, 'plan-1', 'the gate is the same');
    assert.notEqual(state.gate?.nonce, gate!.nonce);
    assert.deepEqual(state.gate?.votes, []);
    await refusedAs(again, voteFor(cluster.name, gate!, 'ben'), 'WrongNonce');
    assert.deepEqual(cluster.effects, []);

    for (const by of ['anna', 'ben']) await send(again, voteFor(cluster.name, state.gate, by));
    assert.equal((await ended(again)).outcome.status, 'healed');
  });

  it('a reset to the start: the run asks again', async () => {
    const { cluster } = recoveries.host(brokenCluster('to-the-start', { votes: two }));
    const first = await recoveries.start(cluster);
    const { gate } = await untilGate(first);
    await send(first, voteFor(cluster.name, gate!, 'anna'));
    const again = await reset(recoveries, first, firstTask);
    const state = await untilGate(again);
    assert.notEqual(state.gate?.nonce, gate!.nonce);
    assert.deepEqual(state.gate?.votes, []);
    await again.terminate();
  });

  it('a reset of a run that was acting: it looks, and asks again', async () => {
    const simulator = recoveries.host(brokenCluster('to-the-acts'));
    const { cluster } = simulator;
    simulator.fail('installBootstrapCredential', 'NodeScriptFailed');
    const first = await recoveries.start(cluster);
    await approve(first);
    await untilBlocked(first);

    const again = await reset(recoveries, first, lastTask);
    // Before anybody has said a word: a word that was signed for the old nonce would be refused.
    await untilState(again, ({ timeline }) => timeline.some(({ text }) => text.includes('reset')));
    const { blocked } = await untilBlocked(again);
    const retry = { stepId: blocked.stepId, action: 'retry', by: 'grace', reason: 'mended' } as const;
    await again.executeUpdate(resolveStepUpdate, { args: [retry] });
    await untilGate(again, 'plan-2');
    assert.deepEqual(cluster.effects, ['back up master-1'], 'what was done before is all');
    await approve(again, 'plan-2');
    assert.equal((await ended(again)).outcome.status, 'healed');
    assert.equal(cluster.effects.filter((effect) => effect.startsWith('restart')).length, 1);
  });
});
