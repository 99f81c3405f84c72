import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeNamed } from '../../client/lab-target.ts';

test('a node to break is named as an argument or as an option, and two of them are none', () => {
  assert.equal(nodeNamed(undefined, undefined), 'master-1');
  assert.equal(nodeNamed('master-2', undefined), 'master-2');
  assert.equal(nodeNamed(undefined, 'master-2'), 'master-2');
  assert.equal(nodeNamed('master-2', 'master-2'), 'master-2');
  assert.throws(() => nodeNamed('master-1', 'master-2'), { code: 'BadUsage' });
});
