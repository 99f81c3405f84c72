import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Vote } from '../../domain/approval.ts';
import type { AbortRequest } from '../../domain/run.ts';
import type { Statement } from '../../domain/statement.ts';
import { abortUpdate, voteSignal } from '../../workflows/messages.ts';
import {
  ended,
  refusalOf,
  serveClusters,
  untilGate,
  untilState,
  type Recoveries,
} from './support/recoveries.ts';
import {
  hostSigned,
  makeApprovers,
  refusedAs,
  send,
  signed,
  signedVote,
  type Approvers,
  type Signing,
} from './support/signed-votes.ts';

const names = ['two-people', 'bad-votes', 'at-once', 'taken-back', 'last-moment', 'signers', 'flood'];

describe('A signed vote', { concurrency: 4, timeout: 540_000 }, () => {
  let recoveries: Recoveries;
  let approvers: Approvers;
  const as = (by: string, more: Partial<Signing> = {}): Signing => ({ keys: approvers.keys, by, ...more });
  before(async () => {
    approvers = makeApprovers();
    recoveries = await serveClusters(names);
  });
  after(async () => {
    await recoveries.close();
    approvers.keys.remove();
  });

  it('counts with a second one, by another person with another key, as an update or as a signal, by a clock that is a little off', async () => {
    const { cluster } = hostSigned(recoveries, 'two-people', approvers);
    const recovery = await recoveries.start(cluster, { requester: 'anna' });
    const state = await untilGate(recovery);
    const answer = await send(recovery, signedVote(state, as('anna', { ahead: 100_000 })));
    assert.deepEqual([answer.have, answer.need], [1, 2]);
    await recovery.signal(voteSignal, signedVote(state, as('ben', { ahead: -620_000 })));
    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'healed');
    assert.deepEqual(
      outcome.votes.map(({ proof }) => proof),
      ['anna', 'ben'].map((name) => ({ principal: name, key: approvers.keys.fingerprint(name) })),
    );
  });

  it('that is bad is refused for its own reason, as an update and as a signal, and the next good ones count', async () => {
    const simulator = hostSigned(recoveries, 'bad-votes', approvers);
    const { cluster } = simulator;
    const handle = recoveries.temporal.client.workflow.getHandle('recovery/bad-votes');
    const early: string[] = [];
    simulator.intercept('observeControlPlane', async (perform, call) => {
      if (call === 1) early.push((await refusalOf(send(handle, {} as Vote))).type);
      return await perform();
    });
    const recovery = await recoveries.start(cluster);
    const state = await untilGate(recovery);
    assert.deepEqual(early, ['NoGateOpen']);
    const good = signedVote(state, as('anna'));
    await send(recovery, good);
    const { signature: _, ...unsigned } = good;
    const ben = (change: Record<string, string>) => signedVote(state, as('ben', { change }));
    const bad: [string, Vote][] = [
      ['DuplicateVote', signedVote(state, as('anna'))],
      ['NoSignature', { ...unsigned, by: 'ben' }],
      ['ForeignCluster', ben({ cluster: 'two-people' })],
      ['ForeignRun', ben({ firstRun: state.nonce })],
      ['StalePlan', ben({ plan: '0'.repeat(64) })],
      ['WrongGate', ben({ gate: 'plan-2' })],
      ['WrongNonce', ben({ nonce: state.nonce })],
      ['WrongKind', ben({ kind: 'abort' })],
      ['VoteExpired', signedVote(state, as('ben', { ahead: -800_000 }))],
      ['IssuedInFuture', signedVote(state, as('ben', { ahead: 3_600_000 }))],
      ['NothingToWithdraw', signedVote(state, as('ben'), 'withdraw')],
      ['BadSignature', { ...ben({}), reason: 'another one' }],
      ['BadSignature', signedVote(state, as('ben', { namespace: 'git' }))],
      ['WrongSigner', signedVote(state, as('ben', { key: 'anna' }))],
      ['UnknownKey', signedVote(state, as('ben', { key: 'mallory' }))],
      ['RevokedKey', signedVote(state, as('eve'))],
    ];
    for (const [type, vote] of bad) {
      await refusedAs(recovery, vote, type);
      await recovery.signal(voteSignal, vote);
    }
    // Those whose signature was checked are recorded as updates too.
    const recorded = await untilState(recovery, ({ refusedCount }) => refusedCount === bad.length + 5);
    const whys = recorded.refused.map(({ why }) => why.split(':')[0]);
    assert.deepEqual(new Set(whys), new Set(bad.map(([type]) => type)));
    assert.equal(recorded.gate?.votes.length, 1);
    assert.deepEqual(cluster.effects, []);
    await send(recovery, signedVote(state, as('ben')));
    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'healed');
    await assert.rejects(send(recovery, signedVote(state, as('ben'))), 'after the end nobody listens');
  });

  it('of one person or one key counts once, also of two that come at the same instant', async () => {
    const { cluster } = hostSigned(recoveries, 'at-once', approvers, {
      votes: { reversible: 3, irreversible: 3, breakGlass: 3 },
    });
    const recovery = await recoveries.start(cluster);
    const state = await untilGate(recovery);
    const sent = ['anna', 'anna', 'ben', 'benjamin'].map((by, index) =>
      send(
        recovery,
        signedVote(state, as(by, { key: by.slice(0, 4) === 'benj' ? 'ben' : by, ahead: index })),
      ),
    );
    const results = await Promise.allSettled(sent);
    assert.deepEqual(results.map(({ status }) => status).sort(), [
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    // Whether the second copy meets the validator or, its signature checked, the handler, is for chance to say.
    for (const result of results)
      if (result.status === 'rejected')
        assert.equal((await refusalOf(Promise.reject(result.reason as Error))).type, 'DuplicateVote');
    const { gate } = await untilGate(recovery);
    assert.equal(gate?.votes.length, 2);
    await recovery.terminate();
  });

  it('that was withdrawn is none, and the same one sent again is recognised; a new one counts', async () => {
    const { cluster } = hostSigned(recoveries, 'taken-back', approvers);
    const recovery = await recoveries.start(cluster);
    const state = await untilGate(recovery);
    const first = signedVote(state, as('anna'));
    const takenBack = signedVote(state, as('anna'), 'withdraw');
    await send(recovery, first);
    await send(recovery, takenBack);
    await refusedAs(recovery, first, 'ReplayedVote');
    await send(recovery, signedVote(state, as('anna', { ahead: 1_000 })));
    await refusedAs(recovery, takenBack, 'ReplayedVote');
    assert.deepEqual(cluster.effects, [], 'one vote stands');
    await send(recovery, signedVote(state, as('ben')));
    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'healed');
    assert.equal(outcome.votes.filter(({ withdrawnAt }) => withdrawnAt !== undefined).length, 1);
  });

  it('can be withdrawn while the run looks once more before it acts: the gate waits again', async () => {
    const simulator = hostSigned(recoveries, 'last-moment', approvers);
    const { cluster } = simulator;
    const recovery = await recoveries.start(cluster);
    const state = await untilGate(recovery);
    simulator.intercept('observeControlPlane', async (perform, call) => {
      if (call === 2) await send(recovery, signedVote(state, as('anna'), 'withdraw'));
      return await perform();
    });
    await send(recovery, signedVote(state, as('anna')));
    await send(recovery, signedVote(state, as('ben')));
    const open = await untilState(
      recovery,
      ({ phase, timeline }) =>
        phase === 'waiting-for-approval' && timeline.some(({ text }) => text.includes('is open again')),
    );
    assert.deepEqual(cluster.effects, []);
    assert.equal(open.gate?.id, 'plan-1', 'it is the same gate, and the other vote stands');
    await send(recovery, signedVote(open, as('anna', { ahead: 1_000 })));
    assert.equal((await ended(recovery)).outcome.status, 'healed');
  });

  it('counts for nothing while the allowed-signers file is missing, empty or no file, and again when it is mended', async () => {
    const { keys } = approvers;
    const file = keys.write('signers-of-a-test', '');
    const written = { allowedSigners: file, revoked: approvers.revoked };
    const { cluster } = hostSigned(recoveries, 'signers', written);
    const recovery = await recoveries.start(cluster);
    const state = await untilGate(recovery);
    const vote = signedVote(state, as('anna'));
    await refusedAs(recovery, vote, 'SignersUnusable');
    rmSync(file);
    const said = await refusedAs(recovery, vote, 'SignersUnusable');
    assert.match(said, /does not exist.*No signature counts/s);
    keys.write('signers-of-a-test', `ben ${keys.publicKey('ben')}\n`);
    await refusedAs(recovery, vote, 'UnknownKey');
    const shown = await untilState(recovery, ({ refusedCount }) => refusedCount === 3);
    assert.match(shown.refused[0]?.why ?? '', /names nobody/);

    keys.write('signers-of-a-test', `anna ${keys.publicKey('anna')}\nben ${keys.publicKey('ben')}\n`);
    await send(recovery, vote);
    await send(recovery, signedVote(state, as('ben')));
    assert.equal((await ended(recovery)).outcome.status, 'healed');
  });

  it('is heard after a flood of forged ones, which is cut off, and a flood keeps nobody from stopping the run', async () => {
    const { cluster } = hostSigned(recoveries, 'flood', approvers, { approvals: 'signed' });
    const recovery = await recoveries.start(cluster);
    const state = await untilGate(recovery);
    const vote = signedVote(state, as('anna'));
    for (let count = 0; count < 40; count++)
      await recovery.signal(voteSignal, { ...vote, reason: `forged ${count}` });
    const flooded = await untilState(recovery, ({ refusedCount }) => refusedCount === 40);
    const whys = flooded.refused.map(({ why }) => why.split(':')[0]);
    assert.deepEqual(
      ['BadSignature', 'TooManyAttempts'].map((name) => whys.filter((why) => why === name).length),
      [20, 20],
    );
    await refusedAs(recovery, vote, 'TooManyAttempts');
    const abort = signed(state, { kind: 'abort' }, as('anna')) as Statement & AbortRequest;
    await recovery.executeUpdate(abortUpdate, { args: [abort] });
    assert.equal((await ended(recovery)).outcome.status, 'aborted');
  });
});
