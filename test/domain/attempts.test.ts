import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attemptLimits, spendAttempt, type Attempts } from '../../domain/attempts.ts';

const { atOnce, oneMoreEveryMs, perRun } = attemptLimits;
const at = Date.parse('2026-11-22T12:00:00Z');

function fresh(): Attempts {
  return { spent: 0, budgets: {} };
}

test('so many signatures are checked at once, then one with each interval; the rest is told when', () => {
  const attempts = fresh();
  for (let count = 0; count < atOnce; count++) assert.equal(spendAttempt(attempts, 'vote', at), undefined);
  assert.match(spendAttempt(attempts, 'vote', at) ?? '', /from 2026-11-22T12:01:00/);
  assert.ok(spendAttempt(attempts, 'vote', at + oneMoreEveryMs - 1));
  assert.equal(spendAttempt(attempts, 'vote', at + oneMoreEveryMs), undefined);
  assert.ok(spendAttempt(attempts, 'vote', at + oneMoreEveryMs));
});

test('what nobody used is not saved up', () => {
  const attempts = fresh();
  const later = at + 1_000 * oneMoreEveryMs;
  spendAttempt(attempts, 'vote', at);
  for (let count = 0; count < atOnce; count++) assert.equal(spendAttempt(attempts, 'vote', later), undefined);
  assert.ok(spendAttempt(attempts, 'vote', later));
});

test('a flood of votes keeps nobody from aborting', () => {
  const attempts = fresh();
  for (let count = 0; count < 2 * atOnce; count++) spendAttempt(attempts, 'vote', at);
  assert.equal(spendAttempt(attempts, 'abort', at), undefined);
});

test('a run checks no more than its history can hold', () => {
  const attempts = fresh();
  let checked = 0;
  for (let minute = 0; minute < 2 * perRun; minute++)
    if (spendAttempt(attempts, 'vote', at + minute * oneMoreEveryMs) === undefined) checked += 1;
  assert.equal(checked, perRun);
  assert.match(spendAttempt(attempts, 'abort', at) ?? '', /no more/);
});
