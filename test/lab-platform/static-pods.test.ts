import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MirrorPod } from '../../lab/cluster/health.ts';
import type { Master } from '../../lab/operator/rules/types.ts';
import { verdicts } from '../../lab/platform/static-pods.ts';

const NAMES = ['master-0', 'master-1', 'master-2'];

function masters(changed: Partial<Master> = {}): Master[] {
  return NAMES.map((name) => ({
    name,
    address: '',
    ready: true,
    since: '2026-11-22T20:00:00Z',
    reason: 'KubeletReady',
    message: 'kubelet is posting ready status',
    ...(name === 'master-1' ? changed : {}),
  }));
}

function operands(names = NAMES): MirrorPod[] {
  return names.map((node) => ({
    name: `kube-apiserver-${node}`,
    namespace: 'openshift-kube-apiserver',
    node,
    hash: 'h',
    ready: true,
    loops: false,
  }));
}

function statusOf(type: string, ...args: Parameters<typeof verdicts>) {
  const found = verdicts(...args).find((each) => each.type === type);
  assert.ok(found, type);
  return found;
}

test('with every master Ready and every operand there, nothing is degraded', () => {
  const bad = verdicts(masters(), operands()).filter(
    ({ type, status }) => type.endsWith('Degraded') && status !== 'False',
  );
  assert.deepEqual(bad, []);
});

test('an operand that is missing on a Ready node is a guard’s complaint', () => {
  const guard = statusOf('GuardControllerDegraded', masters(), operands(['master-0', 'master-2']));
  assert.equal(guard.status, 'True');
  assert.equal(guard.message, 'Missing operand on node master-1');
});

test('a node that is not Ready is the node controller’s complaint and not a guard’s', () => {
  const away = masters({ ready: false, reason: 'NodeStatusUnknown', message: 'Kubelet stopped' });
  const pods = operands(['master-0', 'master-2']);
  assert.equal(statusOf('GuardControllerDegraded', away, pods).status, 'False');
  const nodes = statusOf('NodeControllerDegraded', away, pods);
  assert.equal(nodes.status, 'True');
  assert.match(nodes.message ?? '', /^The master nodes not ready: node "master-1" not ready since/);
});
