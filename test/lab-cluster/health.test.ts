import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Api } from '../../lab/cluster/api.ts';
import { missingMirrorPods, mirrorPods } from '../../lab/cluster/health.ts';

function pod(name: string, status: object): object {
  const annotations = { 'kubernetes.io/config.mirror': 'hash' };
  return {
    metadata: { name, namespace: 'openshift-etcd', annotations },
    spec: { nodeName: 'master-1' },
    status,
  };
}

const ready = { conditions: [{ type: 'Ready', status: 'True' }] };

function apiWith(...items: object[]): Api {
  const answer = async () => ({ items }) as never;
  return { get: answer, send: answer };
}

test('a pod that ends again and again is not Ready, and is known as one that does', async () => {
  const looping = { containerStatuses: [{ state: { waiting: { reason: 'CrashLoopBackOff' } } }] };
  const starting = { containerStatuses: [{ state: { waiting: { reason: 'PodInitializing' } } }] };
  const api = apiWith(pod('a', ready), pod('b', looping), pod('c', starting));
  assert.deepEqual(
    (await mirrorPods(api)).map((one) => [one.name, one.ready, one.loops]),
    [
      ['a', true, false],
      ['b', false, true],
      ['c', false, false],
    ],
  );
  assert.equal(await missingMirrorPods(api, 3, 'master-1'), '1 of 3 mirror pods are Ready');
  const made = await missingMirrorPods(api, 2, 'master-1', (one) => one.ready || one.loops);
  assert.equal(made, true);
});
