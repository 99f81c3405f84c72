import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  installerConditions,
  installerName,
  nodeToInstall,
  progressOf,
} from '../../lab/operator/rules/installer.ts';
import { operand, status, three } from './support.ts';

const settled = three((index) => status(index, 2));

test('the node whose pod is not ready is rolled first, the others in order, one at a time', () => {
  const ready = three((index) => operand(index));
  assert.equal(nodeToInstall(settled, 3, ready)?.nodeName, 'master-0');
  assert.equal(
    nodeToInstall(settled, 3, ready.with(2, { ...operand(2), ready: false }))?.nodeName,
    'master-2',
  );
  assert.equal(nodeToInstall(settled, 3, ready.slice(0, 2))?.nodeName, 'master-2');
  assert.equal(nodeToInstall(settled.with(1, status(1, 2, 3)), 3, ready.slice(0, 2))?.nodeName, 'master-1');
  assert.equal(nodeToInstall(settled, 2, ready.slice(0, 2)), undefined);
});

test('a newer revision takes over a node at once, and a failed installer is counted and named', () => {
  const going = status(2, 2, 3);
  const progress = { status: going, latest: 3, installer: 'running', operand: operand(2) } as const;
  assert.equal(progressOf({ ...progress, latest: 4 }).targetRevision, 4);
  assert.deepEqual(progressOf(progress), going);
  const failed = progressOf({ ...progress, installer: 'failed' });
  assert.deepEqual([failed.lastFailedRevision, failed.lastFailedCount], [3, 1]);
  assert.equal(installerName(failed), 'installer-3-retry-1-master-2');
  assert.equal(installerName(going), 'installer-3-master-2');
});

test('a node has arrived when the pod of that very revision is ready, and never before', () => {
  const progress = { status: status(2, 2, 3), latest: 3, installer: 'succeeded' } as const;
  assert.equal(progressOf({ ...progress, operand: { ...operand(2), revision: 2 } }).currentRevision, 2);
  assert.equal(
    progressOf({ ...progress, operand: { ...operand(2), revision: 3, ready: false } }).currentRevision,
    2,
  );
  assert.equal(progressOf({ ...progress, operand: undefined }).currentRevision, 2);
  const arrived = progressOf({ ...progress, operand: { ...operand(2), revision: 3 } });
  assert.deepEqual([arrived.currentRevision, arrived.targetRevision], [3, 0]);
});

test('the progress of a roll-out reads as the real one does', () => {
  const text = (statuses: typeof settled, latest: number) => {
    const [progressing, , available] = installerConditions(statuses, latest, three(operand));
    return [progressing?.status, progressing?.reason, progressing?.message, available?.message];
  };
  assert.deepEqual(text(settled, 2), [
    'False',
    'AllNodesAtLatestRevision',
    '3 nodes are at revision 2',
    '3 nodes are active; 3 nodes are at revision 2',
  ]);
  assert.equal(text(settled, 3)[2], '3 nodes are at revision 2; 0 nodes have achieved new revision 3');
  assert.deepEqual(text(settled.with(0, status(0, 3)), 3).slice(0, 3), [
    'True',
    undefined,
    '2 nodes are at revision 2; 1 node is at revision 3',
  ]);
});
