import assert from 'node:assert/strict';
import { it } from 'node:test';
import { didYouMean } from '../../../worker/config/did-you-mean.ts';
import { formatDuration, parseDuration } from '../../../worker/config/duration.ts';

it('durations are read and written back', () => {
  const table: [string, number][] = [
    ['30s', 30_000],
    ['1h30m', 5_400_000],
    ['250ms', 250],
    ['2d', 172_800_000],
    ['0s', 0],
  ];
  for (const [text, ms] of table) {
    assert.equal(parseDuration(text), ms);
    assert.equal(formatDuration(ms), text);
  }
});

it('what could mean two things is no duration', () => {
  for (const text of ['', '30', '4 h', '-1s', '1.5h', 's', '4hours', '1h30']) {
    assert.equal(parseDuration(text), undefined, text);
  }
});

it('a suggestion is made only when one candidate is nearest', () => {
  assert.equal(didYouMean('adress', ['address']), 'address');
  assert.equal(didYouMean('Soak', ['soak', 'votes']), 'soak');
  assert.equal(didYouMean('master-3', ['master-1', 'master-2']), undefined);
  assert.equal(didYouMean('password', ['user', 'config']), undefined);
});
