import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Vote } from '../../domain/approval.ts';
import { abortUpdate, voteSignal, voteUpdate } from '../../workflows/messages.ts';
import { brokenCluster } from '../simulator/state.ts';
import {
  ended,
  refusalOf,
  serveClusters,
  untilGate,
  untilState,
  type Recoveries,
} from './support/recoveries.ts';

describe('A message to KubeletAuthRecovery', { concurrency: 2, timeout: 540_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters(['wrong-votes', 'shown']);
  });
  after(() => recoveries.close());

  it('that is a wrong vote is refused: as an update with what was expected first, as a signal by being counted', async () => {
    const { cluster } = recoveries.host(brokenCluster('wrong-votes'));
    const recovery = await recoveries.start(cluster);
    const { gate } = await untilGate(recovery);
    const said = { decision: 'approve', by: 'grace', reason: 'reviewed', cluster: 'wrong-votes' };
    const good = { gate: gate!.id, nonce: gate!.nonce, ...said };
    const wrong: [string, unknown][] = [
      ['MalformedVote', undefined],
      ['MalformedVote', 'approve'],
      ['MalformedVote', { ...good, expire: '2030-01-01T00:00:00Z' }],
      ['WrongGate', { ...good, gate: 'plan-2' }],
      ['WrongNonce', { ...good, nonce: randomUUID() }],
      ['UnknownDecision', { ...good, decision: 'yes' }],
      ['NoName', { ...good, by: '<your name>' }],
      ['NoReason', { ...good, reason: ' ' }],
      ['ClusterNotTyped', { ...good, cluster: "<type the cluster's name>" }],
      ['ForeignCluster', { ...good, cluster: 'shown' }],
      ['ForeignRun', { ...good, firstRun: randomUUID() }],
      ['StalePlan', { ...good, plan: '0'.repeat(64) }],
      ['NothingToWithdraw', { ...good, decision: 'withdraw' }],
      ['IssuedInFuture', { ...good, issued: '2101-01-01T00:00:00Z' }],
      ['VoteExpired', { ...good, expires: '2001-01-01T00:00:00Z' }],
    ];
    for (const [type, vote] of wrong) {
      const refusal = await refusalOf(recovery.executeUpdate(voteUpdate, { args: [vote as Vote] }));
      assert.equal(refusal.type, type, refusal.message);
      assert.ok(refusal.message.startsWith('Expected {"gate":"plan-1"'), `${type}: ${refusal.message}`);
      await recovery.signal(voteSignal, vote as Vote);
    }
    const state = await untilState(recovery, ({ refusedCount }) => refusedCount === wrong.length);
    assert.deepEqual(
      state.refused.map(({ why }) => why.split(':')[0]),
      wrong.map(([type]) => type),
    );
    assert.deepEqual(state.gate?.votes, []);
    assert.deepEqual(cluster.effects, []);

    await recovery.signal(voteSignal, good as Vote);
    assert.equal((await ended(recovery)).outcome.status, 'healed');
  });

  it('is told in the Web UI: what is awaited, what to paste, and every handler with an example', async () => {
    const { cluster } = recoveries.host(brokenCluster('shown'));
    const recovery = await recoveries.start(cluster);
    const { gate } = await untilGate(recovery);
    const { currentDetails, definition } = await recovery.query<Metadata>('__temporal_workflow_metadata');
    assert.ok(currentDetails.includes(gate?.nonce ?? 'a gate'), currentDetails);
    for (const kind of ['signalDefinitions', 'updateDefinitions'] as const) {
      const handlers = definition[kind].map(
        ({ name, description }) => `${name} ${/\{.*\}/.test(description)}`,
      );
      assert.deepEqual(handlers.sort(), ['abort true', 'resolveStep true', 'supersede true', 'vote true']);
    }
    await recovery.executeUpdate(abortUpdate, { args: [{ by: 'ada', reason: 'seen' }] });
    assert.equal((await ended(recovery)).outcome.status, 'aborted');
  });
});

/** What the Web UI asks for, as the SDK answers it. */
interface Metadata {
  currentDetails: string;
  definition: Record<'signalDefinitions' | 'updateDefinitions', { name: string; description: string }[]>;
}
