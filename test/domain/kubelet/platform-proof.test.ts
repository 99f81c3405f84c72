import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Observation } from '../../../domain/control-plane.ts';
import { provePlatform } from '../../../domain/kubelet/platform-proof.ts';
import { planOf } from '../../../domain/plan.ts';
import type { ClusterOperator, StaticPodOperator } from '../../../domain/platform-view.ts';
import { known, unknown } from '../../../domain/reading.ts';
import { decide } from '../../support/decisions.ts';
import { healthyObservation, incidentOn, masterOf, masters, observedAt } from '../../support/observations.ts';

const etcd: StaticPodOperator = {
  kind: 'etcd',
  latestAvailableRevision: 7,
  nodeStatuses: masters.map((nodeName) => ({
    nodeName,
    currentRevision: 7,
    targetRevision: 0,
    lastFailedRevision: 0,
  })),
  conditions: [],
};
const settled: ClusterOperator = {
  name: 'etcd',
  available: true,
  progressing: false,
  degraded: false,
  message: '',
};

function withPlatform(observation = healthyObservation()): Observation {
  observation.platform.operators = known([structuredClone(etcd)], '');
  observation.platform.clusterOperators = known([{ ...settled }], '');
  observation.platform.metal3 = known({ desired: 1, available: 1, pods: [] }, '');
  return observation;
}

test('a settled platform is proved, and what a cluster has not is neither proved nor missing', () => {
  const proof = provePlatform(withPlatform(), 'master-1');
  assert.deepEqual(proof.missing, []);
  assert.equal(proof.proofs.length, 6);
  assert.deepEqual(provePlatform(healthyObservation(), 'master-1').missing, []);
});

const unsettled: [string, RegExp, (observation: Observation) => void][] = [
  [
    'a guard that is not ready',
    /guard pod.*etcd-guard-master-1/,
    (seen) =>
      (masterOf(seen, 'master-1').operatorPods = known(
        {
          guards: [{ namespace: 'openshift-etcd', name: 'etcd-guard-master-1', ready: false }],
          unacknowledged: [],
        },
        '',
      )),
  ],
  [
    'an installer pod that no kubelet has taken up',
    /unacknowledged: installer-7-master-1/,
    (seen) =>
      (masterOf(seen, 'master-1').operatorPods = known(
        {
          guards: [],
          unacknowledged: [{ namespace: 'x', name: 'installer-7-master-1', createdAt: observedAt }],
        },
        '',
      )),
  ],
  [
    'an old revision on the node',
    /newest revision there: revision 6 of 7/,
    (seen) => seen.platform.operators.known && Object.assign(statusOf(seen), { currentRevision: 6 }),
  ],
  [
    'an operator that cannot be read',
    /static-pod operators could be asked: Forbidden/,
    (seen) => (seen.platform.operators = unknown('Forbidden', '')),
  ],
  [
    'a ClusterOperator that is degraded',
    /ClusterOperators.*etcd/,
    (seen) => (seen.platform.clusterOperators = known([{ ...settled, degraded: true }], '')),
  ],
  [
    'metal3 that waits for a pod which cannot end',
    /metal3.*0 of 1.*metal3-x is being deleted/,
    (seen) =>
      (seen.platform.metal3 = known(
        {
          desired: 1,
          available: 0,
          pods: [{ name: 'metal3-x', node: 'master-1', phase: 'Running', terminating: true }],
        },
        '',
      )),
  ],
];

function statusOf({ platform }: Observation): object {
  const { operators } = platform;
  assert.ok(operators.known && operators.value !== 'none');
  return operators.value[0]?.nodeStatuses[1] ?? assert.fail('master-1 is the second');
}

for (const [what, missing, change] of unsettled) {
  test(`${what} turns the proof red, and that alone`, () => {
    const seen = withPlatform();
    change(seen);
    const proof = provePlatform(seen, 'master-1');
    assert.equal(proof.missing.length, 1);
    assert.match(proof.missing[0] ?? '', missing);
  });
}

function stepsOf(observation: Observation): string[] {
  const verdict = decide(observation);
  assert.ok(verdict.kind === 'proceed', verdict.because);
  return planOf('KubeletAuthRecovery', verdict.plan).steps.map(({ id }) => id);
}

test('the operators are waited for last, where there are any and no other master is lost', () => {
  assert.equal(stepsOf(withPlatform(incidentOn('master-1'))).at(-1), 'verify-platform');
  assert.ok(!stepsOf(incidentOn('master-1')).includes('verify-platform'));
  const unread = incidentOn('master-1');
  unread.platform.clusterOperators = unknown('HTTP 403: Forbidden', '');
  assert.equal(stepsOf(unread).at(-1), 'verify-platform', 'what cannot be read is not known to be absent');
  const both = withPlatform(incidentOn('master-2', incidentOn('master-1')));
  assert.ok(!stepsOf(both).includes('verify-platform'), 'they have reason to complain about the other one');
});

test('exactly those remediators are paused that cover masters and are active, around everything that is done', () => {
  const observation = incidentOn('master-1');
  const check = {
    kind: 'MachineHealthCheck',
    namespace: 'openshift-machine-api',
    coversMasters: true,
    paused: false,
  } as const;
  observation.platform.remediators = known(
    [
      { ...check, name: 'masters' },
      { ...check, name: 'workers', coversMasters: false },
      { ...check, name: 'paused by a person', paused: true },
      { ...check, name: 'left by a run', pausedBy: ['0123456789ab'] },
    ],
    '',
  );
  const verdict = decide(observation);
  assert.ok(verdict.kind === 'proceed');
  const { pins, steps } = planOf('KubeletAuthRecovery', verdict.plan);
  assert.deepEqual(pins.remediators, [
    { kind: 'MachineHealthCheck', namespace: 'openshift-machine-api', name: 'masters' },
    {
      kind: 'MachineHealthCheck',
      namespace: 'openshift-machine-api',
      name: 'left by a run',
      pausedBy: ['0123456789ab'],
    },
  ]);
  assert.deepEqual(
    steps[1]?.changes.map(({ from }) => from),
    ['active', 'paused by run 0123456789ab, and taken over if that is over'],
  );
  assert.deepEqual([steps[1]?.id, steps.at(-1)?.id], ['pause-remediators', 'resume-remediators']);
});
