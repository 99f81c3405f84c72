import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Vote } from '../../domain/approval.ts';
import { statementFor } from '../../domain/statement.ts';
import { stateQuery, voteSignal } from '../../workflows/messages.ts';
import { seeded } from '../simulator/seeded.ts';
import { brokenCluster } from '../simulator/state.ts';
import {
  askAnything,
  noTaskFailed,
  signalAnything,
  signalTooMuch,
  updateAnything,
  type Barrage,
} from './support/anything.ts';
import { ended, serveClusters, untilGate, type Recoveries } from './support/recoveries.ts';

/** A run takes 2,000 updates in its life and 10 at once, so what is to be sent is spread over several. */
const runs = [
  { name: 'anything-1', approvals: 'open' },
  { name: 'anything-2', approvals: 'open' },
  { name: 'anything-3', approvals: 'signed' },
  { name: 'anything-4', approvals: 'signed' },
] as const;

/** Each round is 60 signals, 10 updates and 10 queries at once; with four runs that makes 10,000 messages. */
const rounds = 32;

describe('Messages that may be anything at all', { concurrency: 4, timeout: 600_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters(runs.map(({ name }) => name));
  });
  after(() => recoveries.close());

  for (const [seed, { name, approvals }] of runs.entries()) {
    it(`do no harm to a run with ${approvals} approvals (${name}), and the next valid vote counts`, async () => {
      // So many messages take a busy machine longer than the other tests' gates are open.
      const policy = { approvals, gateDeadlineMs: 3_600_000 };
      const { cluster } = recoveries.host(brokenCluster(name, policy));
      const recovery = await recoveries.start(cluster);
      const barrage: Barrage = { recoveries, recovery, random: seeded(20_261_122 + seed), good: {} };
      const vote = goodVote(await untilGate(recovery));
      // In the model the signature `good` is one that proves the name; a stranger's is checked and refused.
      barrage.good = { ...vote, signature: 'of a stranger' };
      if (approvals === 'open') delete barrage.good['cluster'];
      for (let round = 0; round < rounds; round++) await fire(barrage);
      await signalTooMuch(barrage);
      await Promise.all(Array.from({ length: 60 }, () => recovery.signal(voteSignal, 7 as never)));

      const state = await recovery.query(stateQuery);
      assert.equal(state.phase, 'waiting-for-approval');
      assert.deepEqual(state.gate?.votes, []);
      assert.ok(state.refusedCount > 200, `${state.refusedCount} were counted`);
      assert.equal(state.refused.length, 50);
      assert.ok(JSON.stringify(state).length < 60_000, 'the state stays small');
      assert.deepEqual(cluster.effects, []);

      await recovery.signal(voteSignal, { ...vote, signature: 'good' });
      const { outcome } = await ended(recovery);
      assert.equal(outcome.status, 'healed');
      assert.deepEqual(
        outcome.votes.map(({ by }) => by),
        ['grace'],
      );
      await noTaskFailed(recovery);
    });
  }
});

async function fire(barrage: Barrage): Promise<void> {
  await Promise.all([
    ...Array.from({ length: 60 }, () => signalAnything(barrage)),
    ...Array.from({ length: 10 }, () => updateAnything(barrage)),
    ...Array.from({ length: 10 }, () => askAnything(barrage)),
  ]);
}

function goodVote(state: Awaited<ReturnType<typeof untilGate>>): Vote {
  const expires = new Date(Date.now() + 3_600_000).toISOString();
  const said = { by: 'grace', reason: 'reviewed', issued: new Date().toISOString(), expires };
  return statementFor(state, { kind: 'vote', decision: 'approve' }, said) as Record<string, string> & Vote;
}
