import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Api } from '../../lab/cluster/api.ts';
import { openBoard } from '../../lab/operator/board.ts';
import { openDue } from '../../lab/operator/context.ts';
import { operandOf, type PodObject } from '../../lab/operator/operand.ts';
import { missingPodCondition } from '../../lab/operator/rules/conditions.ts';
import { PROFILES } from '../../lab/operator/rules/profiles.ts';
import { operand, status, three } from './support.ts';

type ContainerStatus = NonNullable<NonNullable<PodObject['status']>['containerStatuses']>[number];

const running: ContainerStatus = { name: 'etcd', ready: true, state: { running: {} } };

function mirrorPod(...containerStatuses: ContainerStatus[]): PodObject {
  return {
    metadata: {
      name: 'etcd-master-2',
      uid: 'u',
      creationTimestamp: '2026-11-22T17:00:00Z',
      labels: { app: 'etcd', revision: '7' },
      annotations: { 'kubernetes.io/config.mirror': 'hash' },
    },
    spec: { nodeName: 'master-2' },
    status: { phase: 'Running', podIP: '10.0.0.13', containerStatuses },
  };
}

test('a mirror pod shows an operand; a pod that is none of etcd, or no mirror, shows none', () => {
  const seen = operandOf(mirrorPod(running));
  assert.deepEqual(
    [seen?.node, seen?.revision, seen?.ready, seen?.etcdRunsNotReady],
    ['master-2', 7, true, false],
  );
  const { annotations: _mirror, ...metadata } = mirrorPod(running).metadata;
  assert.equal(operandOf({ ...mirrorPod(running), metadata }), undefined);
  const guard = { ...mirrorPod(running).metadata, labels: { app: 'guard' } };
  assert.equal(operandOf({ ...mirrorPod(running), metadata: guard }), undefined);
});

test('a container that waits for the init containers is no trouble, one that crashes is', () => {
  assert.deepEqual(operandOf(mirrorPod(waiting('PodInitializing')))?.troubles, []);
  assert.deepEqual(operandOf(mirrorPod(waiting('CrashLoopBackOff')))?.troubles, [
    'pod/etcd-master-2 container "etcd" is waiting: CrashLoopBackOff: ',
  ]);
  assert.equal(operandOf(mirrorPod(ended(1)))?.troubles.length, 1);
  assert.equal(operandOf(mirrorPod(ended(0)))?.troubles.length, 0);
});

test('an etcd that runs and is not ready waits to be added', () => {
  const seen = operandOf(mirrorPod({ ...running, ready: false }));
  assert.deepEqual([seen?.ready, seen?.etcdRunsNotReady], [false, true]);
});

test('a pod that was installed and has not come is told after three minutes', () => {
  const now = new Date('2026-11-22T18:00:00Z');
  const installed = { node: 'master-2', revision: 3, finishedAt: '2026-11-22T17:56:00Z' };
  const others = three(operand).slice(0, 2);
  assert.match(
    missingPodCondition([installed], others, now).message ?? '',
    /for revision: 3 on node: "master-2" didn't show up/,
  );
  assert.equal(
    missingPodCondition([{ ...installed, finishedAt: '2026-11-22T17:58:00Z' }], others, now).status,
    'False',
  );
  assert.equal(
    missingPodCondition([installed], [...others, { ...operand(2), revision: 4 }], now).status,
    'False',
  );
});

test('a need is due when it has been there for its time, and forgotten when it has gone', () => {
  const due = openDue();
  assert.equal(due('pod', 'a', 0), true);
  assert.equal(due('pod', 'b', 60_000), false);
  assert.equal(due('pod', undefined, 0), false);
  assert.equal(due('pod', 'b', 0), true);
});

test('the status is written when it has changed, with zero fields at even revisions of the newer release only', async () => {
  const written: { nodeStatuses: object[] }[] = [];
  const api: Api = {
    get: () => Promise.reject(new Error('not asked')),
    send: async <T>(_method: string, _path: string, body: unknown) => {
      written.push((body as { status: { nodeStatuses: object[] } }).status);
      return body as T;
    },
  };
  const board = openBoard(
    { status: { latestAvailableRevision: 2, nodeStatuses: [{ nodeName: 'master-0', currentRevision: 2 }] } },
    PROFILES.main,
  );
  assert.deepEqual(board.nodes(), [status(0, 2)]);
  await board.flush(api);
  await board.flush(api);
  assert.equal(written.length, 1);
  assert.deepEqual(written[0]?.nodeStatuses, [status(0, 2)]);
  board.setLatest(3);
  await board.flush(api);
  assert.deepEqual(written[1]?.nodeStatuses, [{ nodeName: 'master-0', currentRevision: 2 }]);
});

function waiting(reason: string): ContainerStatus {
  return { name: 'etcd', ready: false, state: { waiting: { reason } } };
}

function ended(exitCode: number): ContainerStatus {
  return { name: 'etcd', ready: false, state: { terminated: { exitCode } } };
}
