import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lab } from '../../lab/handle.ts';
import { runLoops, type Loop } from '../../lab/platform/loops.ts';

// No loop here looks at it.
const lab = {} as Lab;

test('a loop that fails goes on, says so once, and says when it works again', async () => {
  const stop = new AbortController();
  const lines: string[] = [];
  let steps = 0;
  const loop: Loop = {
    name: 'broken',
    everyMs: 1,
    step() {
      steps++;
      if (steps === 5) stop.abort();
      return steps < 4 ? Promise.reject(new Error('no API')) : Promise.resolve();
    },
  };
  await runLoops([loop], { lab, signal: stop.signal, write: (line) => lines.push(line) });
  assert.equal(steps, 5);
  assert.deepEqual(
    lines.map((line) => line.replace(/^\S+ /, '')),
    ['broken: no API', 'broken: works again'],
  );
});

test('one slow loop does not hold up the others', async () => {
  const stop = new AbortController();
  let quick = 0;
  const slow: Loop = {
    name: 'slow',
    everyMs: 1,
    step: () => new Promise((resolve) => stop.signal.addEventListener('abort', () => resolve())),
  };
  const fast: Loop = {
    name: 'fast',
    everyMs: 1,
    step() {
      quick++;
      if (quick === 3) stop.abort();
      return Promise.resolve();
    },
  };
  await runLoops([slow, fast], { lab, signal: stop.signal, write: () => {} });
  assert.equal(quick, 3);
});
