import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeToken } from '../../lab/operator/rules/burst.ts';
import { clusterOperatorConditions } from '../../lab/operator/rules/cluster-operator.ts';
import {
  nodesCondition,
  overridesCondition,
  pendingInstallerCondition,
  withCondition,
} from '../../lab/operator/rules/conditions.ts';
import { OVERRIDE } from '../../lab/operator/rules/gate.ts';
import { master } from './support.ts';

test('an empty object of overrides blocks upgrades as a set one does', () => {
  assert.equal(overridesCondition(null).status, 'True');
  assert.equal(overridesCondition({}).message, 'setting: []');
  assert.equal(overridesCondition({ [OVERRIDE]: true, other: 1 }).message, `setting: [other ${OVERRIDE}]`);
});

test('a condition keeps its time while only its message changes', () => {
  const [before] = withCondition([], { type: 'X', status: 'True', message: 'a' }, '2026-11-22T17:00:00Z');
  assert.ok(before);
  const [same] = withCondition([before], { type: 'X', status: 'True', message: 'b' }, '2026-11-22T18:00:00Z');
  assert.deepEqual(same, { ...before, message: 'b' });
  const [other] = withCondition([before], { type: 'X', status: 'False' }, '2026-11-22T18:00:00Z');
  assert.equal(other?.lastTransitionTime, '2026-11-22T18:00:00Z');
});

test('an installer on a dead kubelet is pending for ever without a word; one that a kubelet took is told after 5 minutes', () => {
  const now = new Date('2026-11-22T18:00:00Z');
  const pending = { name: 'installer-3-master-2', node: 'master-2', startedAt: undefined };
  assert.equal(pendingInstallerCondition([pending], now).status, 'False');
  const started = { ...pending, startedAt: '2026-11-22T17:50:00Z' };
  assert.equal(pendingInstallerCondition([started], now).status, 'True');
  assert.equal(
    pendingInstallerCondition([{ ...pending, startedAt: '2026-11-22T17:56:00Z' }], now).status,
    'False',
  );
});

test('a node that is not ready is named, under the reason that sounds like its opposite', () => {
  const bad = {
    ...master(1),
    ready: false,
    since: '2026-11-22T17:39:16Z',
    reason: 'NodeStatusUnknown',
    message: 'Kubelet stopped posting node status.',
  };
  const said = nodesCondition([master(0), bad]);
  assert.equal(said.reason, 'MasterNodesReady');
  assert.equal(
    said.message,
    'The master nodes not ready: node "master-1" not ready since 2026-11-22 17:39:16 +0000 UTC because NodeStatusUnknown (Kubelet stopped posting node status.)',
  );
});

test('ClusterOperator turns Degraded ten minutes after its cause and False at once', () => {
  assert.equal(degraded('2026-11-22T17:51:00Z')?.status, 'False');
  assert.deepEqual(degraded('2026-11-22T17:49:00Z'), {
    type: 'Degraded',
    status: 'True',
    reason: 'EtcdMembers_UnhealthyMembers',
    message: 'EtcdMembersDegraded: m',
  });
});

test('of a burst of events five arrive, and one more after five minutes', () => {
  let bucket: ReturnType<typeof takeToken>['bucket'] | undefined;
  const send = (at: number) => {
    const answer = takeToken(bucket, at);
    bucket = answer.bucket;
    return answer.allowed;
  };
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7].map((at) => send(at)),
    [true, true, true, true, true, false, false],
  );
  assert.deepEqual([send(299_000), send(301_000), send(302_000)], [false, true, false]);
});

function degraded(since: string) {
  const what = {
    type: 'EtcdMembersDegraded',
    status: 'True',
    reason: 'UnhealthyMembers',
    message: 'm',
  } as const;
  const now = new Date('2026-11-22T18:00:00Z');
  return clusterOperatorConditions([{ ...what, lastTransitionTime: since }], now)[0];
}
