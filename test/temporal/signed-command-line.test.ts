import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { runCommandLine } from '../../client/command-line.ts';
import { votePayload, type Vote } from '../../domain/approval.ts';
import { fakeConsole, type Ran } from '../client/support/console.ts';
import { ended, serveClusters, untilGate, type Recoveries } from './support/recoveries.ts';
import { hostSigned, makeApprovers, send, type Approvers } from './support/signed-votes.ts';

describe('cpr, where approvals are signed, against a real Temporal server', { timeout: 540_000 }, () => {
  let recoveries: Recoveries;
  let approvers: Approvers;
  before(async () => {
    approvers = makeApprovers();
    recoveries = await serveClusters(['cli-two', 'cli-wrong']);
  });
  after(async () => {
    await recoveries.close();
    approvers.keys.remove();
  });

  /** What this person types at a terminal, with their own key. */
  async function types(by: string, line: string, key = by): Promise<Ran> {
    const { address } = recoveries.temporal.server;
    const env = {
      TEMPORAL_CONFIG_FILE: '/nonexistent/temporal.toml',
      TEMPORAL_ADDRESS: address,
      CPR_USER: by,
      CPR_SIGNING_KEY: approvers.keys.path(key),
    };
    const terminal = fakeConsole({ env });
    const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
    const io = { ...terminal.io, now: Date.now };
    const code = await runCommandLine(words, io, { inventory: async () => undefined, pollMs: 100 });
    return { code, out: terminal.out(), err: terminal.err() };
  }

  it('two people approve: one from the command line, one by pasting what was signed far from Temporal; a vote withdrawn can be given anew', async () => {
    const { cluster } = hostSigned(recoveries, 'cli-two', approvers);
    const recovery = await recoveries.start(cluster, { requester: 'anna' });
    const { gate, digest = '' } = await untilGate(recovery);
    const approve = `approve cli-two --digest ${digest.slice(0, 12)}`;

    const first = await types('anna', approve);
    assert.equal(first.code, 0, first.err);
    assert.match(first.out, /1 more needed/);
    const withdrawn = await types('anna', "withdraw cli-two --reason 'look at the disk first'");
    assert.equal(withdrawn.code, 0, withdrawn.err);
    const again = await types('anna', approve);
    assert.match(again.out, /1 more needed/, again.err);

    assert.ok(gate);
    const page = approvers.keys.write('page.json', votePayload(gate));
    const printed = await types('ben', `${approve} --reason 'read it too' --print --from ${page}`);
    assert.equal(printed.code, 0, printed.err);
    await send(recovery, JSON.parse(printed.out) as Vote);
    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'healed');
    const proved = outcome.votes.flatMap(({ proof }) => proof?.principal ?? []);
    assert.deepEqual(new Set(proved), new Set(['anna', 'ben']));
  });

  it('says why a vote does not count, and the right one then does', async () => {
    const { cluster } = hostSigned(recoveries, 'cli-wrong', approvers, {
      votes: { reversible: 1, irreversible: 1, breakGlass: 2 },
    });
    const recovery = await recoveries.start(cluster);
    const { digest = '' } = await untilGate(recovery);
    const approve = `approve cli-wrong --digest ${digest.slice(0, 12)}`;
    for (const [by, key, reason] of [
      ['anna', 'ben', 'WrongSigner'],
      ['mallory', 'mallory', 'UnknownKey'],
      ['eve', 'eve', 'RevokedKey'],
    ] as const) {
      const { code, err } = await types(by, approve, key);
      assert.equal(code, 5, err);
      assert.match(err, new RegExp(`Reason: ${reason}`));
    }
    assert.equal((await types('anna', approve)).code, 0);
    assert.equal((await ended(recovery)).outcome.status, 'healed');
  });
});
