import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { during, elapsed, terminalProgress, type Output, type Progress } from '../../lab/host/progress.ts';

const ESC = '\u001b';

describe('progress without a terminal', () => {
  it('is plain lines with what, how long it usually takes and how long it took', () => {
    const { progress, written, clock } = reporter({});
    const step = progress.step('Building kubelet', { usually: '30 s' });
    clock.now += 65_000;
    step.done();
    assert.deepEqual(written(), ['… Building kubelet (usually 30 s)', '✓ Building kubelet, 1 min 05 s', '']);
  });

  it('says now and then how far a long step is, and not at every package', () => {
    const { progress, written, clock } = reporter({});
    const step = progress.step('Building kubelet');
    for (let second = 1; second <= 70; second += 1) {
      clock.now += 1000;
      step.update(`package ${second}`);
    }
    step.fail();
    assert.deepEqual(written().slice(1, -1), [
      '  Building kubelet: package 30, 30.0 s',
      '  Building kubelet: package 60, 1 min 00 s',
      '✗ Building kubelet, 1 min 10 s',
    ]);
  });

  it('is in no colour', () => {
    const { progress, written } = reporter({});
    progress.step('a').done();
    assert.ok(!written().join('').includes(ESC));
  });
});

describe('progress on a terminal', () => {
  it('rewrites one line, never longer than the terminal is wide', () => {
    const { progress, written } = reporter({ isTTY: true, columns: 20 });
    const step = progress.step('Building a thing with a long name');
    assert.equal(stripVTControlCharacters(written().join('')).replaceAll('\r', '').length, 19);
    step.done();
    assert.match(written().at(-2) ?? '', /✓.* Building a thing with a long name/);
  });

  it('has no colour where NO_COLOR is set', () => {
    const { progress, written } = reporter({ isTTY: true }, { NO_COLOR: '1' });
    progress.step('a').done();
    const sequences = written().join('').split(ESC).slice(1);
    assert.ok(sequences.length > 0);
    for (const sequence of sequences) assert.doesNotMatch(sequence, /^\[\d+m/);
  });

  it('keeps the older step when the younger has ended', () => {
    const { progress, written } = reporter({ isTTY: true });
    progress.step('outer');
    progress.step('inner').done();
    assert.match(written().at(-1) ?? '', /outer/);
  });
});

describe('a step', () => {
  it('fails when its work throws, and the error goes on', async () => {
    const { progress, written } = reporter({});
    await assert.rejects(
      during(progress, 'Packing', () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.match(written().join('\n'), /✗ Packing/);
  });

  it('ends once', () => {
    const { progress, written } = reporter({});
    const step = progress.step('Packing');
    step.done();
    step.fail();
    assert.equal(written().filter((line) => /[✓✗]/.test(line)).length, 1);
  });
});

describe('a time', () => {
  for (const [ms, text] of [
    [0, '0.0 s'],
    [3449, '3.4 s'],
    [59_999, '59.9 s'],
    [60_000, '1 min 00 s'],
    [3_725_000, '62 min 05 s'],
  ] as const) {
    it(`of ${ms} ms is "${text}"`, () => assert.equal(elapsed(ms), text));
  }
});

function reporter(stream: Partial<Output>, env: NodeJS.ProcessEnv = {}) {
  const clock = { now: 0 };
  let text = '';
  const output: Output = { ...stream, write: (more: string) => (text += more) };
  const progress: Progress = terminalProgress({ output, env, now: () => clock.now });
  return { progress, clock, written: () => text.split('\n') };
}
