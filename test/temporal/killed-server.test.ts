import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { brokenCluster } from '../simulator/state.ts';
import { approve, ended, serveClusters, untilGate, type Recoveries } from './support/recoveries.ts';
import { hostSigned, makeApprovers, send, signedVote, type Approvers } from './support/signed-votes.ts';

const acts = [
  'back up master-1',
  'install bootstrap master-1',
  'restart master-1',
  'approve uid-csr-1',
  'graduate master-1',
];

/** One after the other: the server is one for all of them. */
describe('A Temporal server killed with SIGKILL', { timeout: 540_000 }, () => {
  let recoveries: Recoveries;
  let approvers: Approvers;
  before(async () => {
    approvers = makeApprovers();
    recoveries = await serveClusters(['after-the-vote', 'before-the-act', 'between-votes']);
  });
  after(async () => {
    await recoveries.close();
    approvers.keys.remove();
  });

  async function killedAndBack(): Promise<void> {
    await recoveries.temporal.killServer();
    await recoveries.temporal.startServerAgain();
  }

  it('directly after the vote was answered has kept it: the plan is carried out, each act once', async () => {
    const { cluster } = recoveries.host(brokenCluster('after-the-vote'));
    const recovery = await recoveries.start(cluster);
    await approve(recovery);
    await killedAndBack();
    assert.equal((await ended(recovery)).outcome.status, 'healed');
    assert.deepEqual(cluster.effects, acts);
  });

  it('while the first act is about to begin comes back, and the act is done once', async () => {
    const simulator = recoveries.host(brokenCluster('before-the-act'));
    simulator.intercept('backUpKubelet', async (perform, call) => {
      if (call === 1) await killedAndBack();
      return await perform();
    });
    const recovery = await recoveries.start(simulator.cluster);
    await approve(recovery);
    assert.equal((await ended(recovery)).outcome.status, 'healed');
    assert.deepEqual(simulator.cluster.effects, acts);
  });

  it('between two signed votes has kept the first, and the second carries the plan', async () => {
    const { cluster } = hostSigned(recoveries, 'between-votes', approvers);
    const recovery = await recoveries.start(cluster);
    const state = await untilGate(recovery);
    await send(recovery, signedVote(state, { keys: approvers.keys, by: 'anna' }));
    await killedAndBack();
    const same = await untilGate(recovery);
    assert.equal(same.gate?.nonce, state.gate?.nonce, 'a server that comes back is no reset');
    assert.equal(same.gate?.votes.length, 1);
    await send(recovery, signedVote(same, { keys: approvers.keys, by: 'ben' }));
    assert.equal((await ended(recovery)).outcome.status, 'healed');
    assert.deepEqual(cluster.effects, acts);
  });
});
