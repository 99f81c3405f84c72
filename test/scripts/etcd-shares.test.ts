import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharesOf, type Share } from '../../scripts/bench/etcd-shares.ts';

const start = Date.parse('2026-01-01T00:00:00Z');
const at = (seconds: number) => new Date(start + seconds * 1000).toISOString();
const step = (id: string, from: number, to: number) => ({ id, startedAt: at(from), endedAt: at(to) });

/** Voted at 0 s. The member was a voter at 30 s, all of it whole at 100 s. */
const run = {
  voted: start,
  ended: start + 121_000,
  steps: [
    step('snapshot', 5, 8),
    step('remove-member', 9, 16),
    step('await-voter', 16, 32),
    step('verify', 32, 120),
  ],
};
const seen = { voterAt: () => start + 30_000, wholeAt: () => start + 100_000 };
const bare = new Map([
  ['snapshot', 1000],
  ['remove-member', 500],
]);

test('a run is split into what others needed and what is its own, and nothing is counted twice', () => {
  const shares = sharesOf(run, bare, { seen, soakMs: 5000 });
  const rows = shares.map(({ phase, run: whole, others, own }) => [phase, whole, others, own]);
  assert.deepEqual(rows, [
    ['vote to the first step', 5000, 0, 5000],
    ['snapshot', 3000, 1000, 2000],
    ['remove-member', 7000, 500, 6500],
    ['await-voter', 16_000, 14_000, 2000],
    ['verify', 83_000, 68_000, 15_000],
    ['soak, as the policy says', 5000, 0, 0],
    ['between the steps, and the end', 2000, 0, 2000],
  ]);
  const sum = (of: (share: Share) => number) => shares.reduce((all, share) => all + of(share), 0);
  assert.equal(
    sum((share) => share.run),
    run.ended - run.voted,
  );
  assert.deepEqual(shares[1]?.bare, 1000);
});

test('what was so before the step began is no time of the others', () => {
  const early = { voterAt: () => start + 10_000, wholeAt: () => start + 10_000 };
  const shares = sharesOf(run, bare, { seen: early, soakMs: 5000 });
  assert.equal(shares[3]?.own, 16_000);
});

test('what the witness never saw makes no figure up', () => {
  const blind = { voterAt: () => undefined, wholeAt: () => undefined };
  const [, , , voter, proof] = sharesOf(run, bare, { seen: blind, soakMs: 5000 });
  assert.ok(Number.isNaN(voter?.own));
  assert.ok(Number.isNaN(proof?.own));
});
