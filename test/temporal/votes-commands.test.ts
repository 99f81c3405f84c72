import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { AbortRequest, ResolveStep } from '../../domain/run.ts';
import type { Saying, Statement } from '../../domain/statement.ts';
import {
  abortSignal,
  resolveStepSignal,
  resolveStepUpdate,
  supersedeUpdate,
} from '../../workflows/messages.ts';
import {
  ended,
  refusalOf,
  serveClusters,
  untilBlocked,
  untilGate,
  untilState,
  type Recoveries,
} from './support/recoveries.ts';
import {
  hostSigned,
  makeApprovers,
  send,
  signed,
  signedVote,
  type Approvers,
} from './support/signed-votes.ts';

const one = { reversible: 1, irreversible: 1, breakGlass: 1 };
const names = ['signed-abort', 'cancelled', 'free-retry', 'superseded-signed'];

describe('A command to a run', { concurrency: 3, timeout: 540_000 }, () => {
  let recoveries: Recoveries;
  let approvers: Approvers;
  before(async () => {
    approvers = makeApprovers();
    recoveries = await serveClusters(names);
  });
  after(async () => {
    await recoveries.close();
    approvers.keys.remove();
  });
  const anna = () => ({ keys: approvers.keys, by: 'anna' });
  const stop = { by: 'anna', reason: 'not tonight' };
  const abort: Saying = { kind: 'abort' };

  it('that must be signed is refused without a signature, by a stranger or for an earlier failure; signed it counts', async () => {
    const simulator = hostSigned(recoveries, 'signed-abort', approvers, { votes: one });
    simulator.fail('installBootstrapCredential', 'NodeScriptFailed');
    const recovery = await recoveries.start(simulator.cluster);
    await send(recovery, signedVote(await untilGate(recovery), anna()));
    const state = await untilBlocked(recovery);
    const resolve: Saying = { kind: 'resolveStep', action: 'abort' };
    const { stepId, since } = state.blocked;
    const decision = (change: object) =>
      ({ ...signed(state, resolve, anna()), ...change }) as Statement & ResolveStep;
    const bad: [string, ResolveStep][] = [
      ['NoSignature', { stepId, since, action: 'abort', ...stop }],
      ['BadSignature', decision({ reason: 'changed on the way' })],
      ['UnknownKey', signed(state, resolve, { ...anna(), key: 'mallory' }) as Statement & ResolveStep],
      ['WrongNonce', decision({ nonce: state.nonce })],
      ['WrongKind', decision({ kind: 'abort' })],
      ['NotSkippable', decision({ action: 'skip' })],
    ];
    for (const [type, sent] of bad) {
      const refusal = await refusalOf(recovery.executeUpdate(resolveStepUpdate, { args: [sent] }));
      assert.equal(refusal.type, type, refusal.message);
      await recovery.signal(resolveStepSignal, sent);
    }
    await untilState(recovery, ({ refusedCount }) => refusedCount >= bad.length);
    await recovery.signal(abortSignal, stop);
    assert.ok((await untilBlocked(recovery)).blocked, 'it waits as before');
    await recovery.executeUpdate(resolveStepUpdate, { args: [decision({})] });
    assert.equal((await ended(recovery)).outcome.status, 'aborted');
  });

  it('that is a cancel request cannot be signed: it is refused where signatures count, and votes still do', async () => {
    const { cluster } = hostSigned(recoveries, 'cancelled', approvers, { votes: one });
    const recovery = await recoveries.start(cluster);
    const state = await untilGate(recovery);
    await recovery.cancel();
    const { refused, timeline } = await untilState(recovery, ({ refusedCount }) => refusedCount === 1);
    assert.match(refused[0]?.why ?? '', /^NoSignature/);
    assert.match(timeline.at(-1)?.text ?? '', /cpr abort cancelled/);
    await send(recovery, signedVote(state, anna()));
    assert.equal((await ended(recovery)).outcome.status, 'healed');
  });

  it('that is a retry needs no signature, for it does only what was approved', async () => {
    const simulator = hostSigned(recoveries, 'free-retry', approvers, { votes: one });
    simulator.fail('installBootstrapCredential', 'NodeScriptFailed');
    const recovery = await recoveries.start(simulator.cluster);
    await send(recovery, signedVote(await untilGate(recovery), anna()));
    const { blocked } = await untilBlocked(recovery);
    const retry = { stepId: blocked.stepId, action: 'retry', by: 'somebody', reason: 'mended' } as const;
    await recovery.executeUpdate(resolveStepUpdate, { args: [retry] });
    assert.equal((await ended(recovery)).outcome.status, 'healed');
  });

  it('that takes the lock from a run at its gate is signed where signatures count', async () => {
    const { cluster } = hostSigned(recoveries, 'superseded-signed', approvers);
    const recovery = await recoveries.start(cluster);
    const state = await untilGate(recovery);
    const unsigned = await refusalOf(recovery.executeUpdate(supersedeUpdate, { args: [stop] }));
    assert.equal(unsigned.type, 'NoSignature');
    const aborting = signed(state, abort, anna()) as Statement & AbortRequest;
    const other = await refusalOf(recovery.executeUpdate(supersedeUpdate, { args: [aborting] }));
    assert.equal(other.type, 'WrongKind');
    const request = signed(state, { kind: 'supersede' }, anna()) as Statement & AbortRequest;
    await recovery.executeUpdate(supersedeUpdate, { args: [request] });
    assert.equal((await ended(recovery)).outcome.status, 'superseded');
  });
});
