import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attemptLimits, spendAttempt, type Attempts } from '../../domain/attempts.ts';

const { atOnce, oneMoreEveryMs, votes, ofAnotherKind } = attemptLimits;
const at = Date.parse('2026-11-22T12:00:00Z');

function fresh(): Attempts {
  return { budgets: {} };
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

/** How many are checked when one is sent every minute, for ever. */
function flood(attempts: Attempts, kind: 'vote' | 'abort'): number {
  let checked = 0;
  for (let minute = 0; minute < 2 * votes; minute++)
    if (spendAttempt(attempts, kind, at + minute * oneMoreEveryMs) === undefined) checked += 1;
  return checked;
}

test('a run checks no more than its history can hold, and says what to do then', () => {
  const attempts = fresh();
  assert.equal(flood(attempts, 'vote'), votes);
  assert.match(spendAttempt(attempts, 'vote', at) ?? '', /no more.*cpr abort/);
  assert.equal(flood(attempts, 'abort'), ofAnotherKind);
  assert.match(spendAttempt(attempts, 'abort', at) ?? '', /no more.*cpr reject/);
});

test('votes that have used up all that a run checks of them leave the ways out open', () => {
  const attempts = fresh();
  flood(attempts, 'vote');
  for (const kind of ['abort', 'resolveStep', 'supersede'] as const)
    assert.equal(spendAttempt(attempts, kind, at), undefined, kind);
});
