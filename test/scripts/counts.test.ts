import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { add, afterSecondRun, countsIn, failingFilesIn, sentence } from '../../scripts/counts.ts';

const closing = [
  'ℹ tests 10',
  'ℹ suites 2',
  'ℹ pass 5',
  'ℹ fail 1',
  'ℹ cancelled 2',
  'ℹ skipped 1',
  'ℹ todo 1',
].join('\n');

describe('the counts of a test run', () => {
  it('are read from the closing lines: cancelled has not passed, todo has not been run', () => {
    assert.deepEqual(countsIn(`▶ something\n${closing}\nℹ duration_ms 3`), {
      passed: 5,
      failed: 3,
      skipped: 2,
    });
  });

  it('are read through colours', () => {
    assert.deepEqual(countsIn(closing.replaceAll(/^.*$/gm, '\u001b[34m$&\u001b[39m'))?.passed, 5);
  });

  it('are of the whole run, not of a run that a test has printed before', () => {
    assert.equal(countsIn(`ℹ pass 99\n${closing}`)?.passed, 5);
  });

  it('are not known when the run ended before its end', () => {
    assert.equal(countsIn('✔ a test\n'), undefined);
  });

  it('add up to one sentence', () => {
    const total = add({ passed: 1, failed: 0, skipped: 2 }, { passed: 3, failed: 1, skipped: 0 });
    assert.equal(sentence(total), '4 passed, 1 failed, 2 skipped');
  });

  it('name the files that failed once each, and none when a failure lies elsewhere', () => {
    const failing = ['test at test/lab/kill.test.ts:57:1', '✖ killed', 'test at test/lab/kill.test.ts:60:1'];
    assert.deepEqual(failingFilesIn(failing.join('\n')), ['test/lab/kill.test.ts']);
    assert.deepEqual(failingFilesIn([...failing, 'test at test/support/gates.ts:5:1'].join('\n')), []);
  });

  it('count what passed only the second time as passed, and what failed twice as failed', () => {
    const first = { passed: 10, failed: 2, skipped: 1 };
    assert.deepEqual(afterSecondRun(first, { passed: 5, failed: 0, skipped: 0 }), {
      passed: 12,
      failed: 0,
      skipped: 1,
    });
    assert.equal(afterSecondRun(first, { passed: 4, failed: 1, skipped: 0 }).failed, 1);
  });
});
