import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgePause, judgeResume } from '../../../domain/etcd/pausing.ts';

const metadata = { name: 'control-plane', resourceVersion: '7' };
const ours = 'control-plane-recovery run r1';

function check(pauseRequests?: string[]): object {
  return { metadata, spec: { minHealthy: '51%', ...(pauseRequests && { pauseRequests }) } };
}

/** What a patch does to the list, without its test of the version. */
function patchOf(judged: ReturnType<typeof judgePause>): unknown[] {
  assert.equal(judged.is, 'open');
  const [version, ...rest] = judged.is === 'open' ? judged.patch : [];
  assert.deepEqual(version, { op: 'test', path: '/metadata/resourceVersion', value: '7' });
  return rest;
}

test('a NodeHealthCheck that nobody had paused is left without a list, as it was', () => {
  assert.deepEqual(patchOf(judgePause('NodeHealthCheck', check(), 'r1')), [
    { op: 'add', path: '/spec/pauseRequests', value: [ours] },
  ]);
  assert.deepEqual(patchOf(judgeResume('NodeHealthCheck', check([ours]), 'r1')), [
    { op: 'test', path: '/spec/pauseRequests', value: [ours] },
    { op: 'remove', path: '/spec/pauseRequests' },
  ]);
});

test('of a list that others are in, only our own word goes', () => {
  assert.deepEqual(patchOf(judgeResume('NodeHealthCheck', check(['theirs', ours]), 'r1')), [
    { op: 'test', path: '/spec/pauseRequests/1', value: ours },
    { op: 'remove', path: '/spec/pauseRequests/1' },
  ]);
  assert.deepEqual(judgeResume('NodeHealthCheck', check(['theirs']), 'r1'), { is: 'so' });
});
