import assert from 'node:assert/strict';
import { test } from 'node:test';
import { known } from '../../../domain/reading.ts';
import { decide, decideChanged, named, type Change } from '../../support/decisions.ts';
import {
  healthyObservation,
  incidentOn,
  kubeletCsr,
  kubeletOf,
  masterOf,
  observedAt,
  secondsAfter,
  silentNode,
  unreachableBySsh,
} from '../../support/observations.ts';

test('the incident is proceeded with, whether the node is named or not', () => {
  for (const change of [{}, named('master-1')]) {
    const verdict = decide(incidentOn('master-1'), change);
    assert.equal(verdict.kind, 'proceed');
    assert.equal(verdict.kind === 'proceed' && verdict.plan.target, 'master-1');
  }
});

/** Near misses of the refusals in refusals.test.ts: they look alike and are no reason to refuse. */
const accepted: [string, Change][] = [
  [
    'the bootstrap file is missing altogether',
    (_, kubelet) => (kubelet.bootstrap.file = { state: 'missing' }),
  ],
  [
    'the certificate’s link dangles',
    (_, kubelet) => (kubelet.clientCertificate = { state: 'dangling', target: 'gone.pem' }),
  ],
  [
    'one older request is still pending',
    (observation) =>
      (observation.csrs = known(
        [kubeletCsr('master-1', { createdAt: secondsAfter(observedAt, -9_000) })],
        '',
      )),
  ],
  [
    'two requests of another node wait',
    (observation) => (observation.csrs = known([kubeletCsr('master-2'), kubeletCsr('master-2')], '')),
  ],
  [
    'the credential is that of another, who may not ask',
    (_, kubelet) =>
      Object.assign(kubelet.bootstrap, { accepted: 'forbidden', tokenSubject: 'system:serviceaccount:x:y' }),
  ],
  [
    'systemd is between two starts',
    (_, kubelet) => Object.assign(kubelet.unit, { activeState: 'activating', subState: 'auto-restart' }),
  ],
  [
    'its own etcd is unhealthy',
    (observation) => (masterOf(observation, 'master-1').etcd = known({ healthy: false, detail: '503' }, '')),
  ],
  ['the look is nine minutes old', (_, __, decision) => (decision.now = secondsAfter(observedAt, 540))],
];

for (const [name, change] of accepted) {
  test(`the incident is proceeded with although ${name}`, () => {
    const verdict = decideChanged(change);
    assert.equal(verdict.kind, 'proceed', verdict.because);
  });
}

test('a request that is being issued is waited for', () => {
  const observation = incidentOn('master-1');
  observation.csrs = known([kubeletCsr('master-1', { state: 'Approved' })], '');
  const verdict = decide(observation);
  assert.deepEqual([verdict.kind, verdict.kind === 'wait' && verdict.reason], ['wait', 'CsrBeingIssued']);
});

test('a healthy cluster has nothing to recover, named or not', () => {
  for (const change of [{}, named('master-1')]) {
    const verdict = decide(healthyObservation(), change);
    assert.equal(verdict.kind === 'refuse' && verdict.reason, 'NodeHealthy');
  }
});

test('with no node named and none that lost its credential, the refusal is about the one that ails', () => {
  const observation = healthyObservation();
  kubeletOf(observation, 'master-2').unit.activeState = 'failed';
  const verdict = decide(observation);
  assert.equal(verdict.kind === 'refuse' && verdict.reason, 'KubeletStopped');
  assert.match(verdict.because, /master-2/);
});

test('of several that ail, the refusal is about the one whose Node is not Ready', () => {
  const observation = healthyObservation();
  kubeletOf(observation, 'master-0').adminCredentials.push('/var/lib/kubelet/pki/x');
  masterOf(observation, 'master-0').mirrorPods = known([], '');
  masterOf(unreachableBySsh(observation, 'master-2'), 'master-2').node = known(silentNode(), '');
  const verdict = decide(observation);
  assert.equal(verdict.kind === 'refuse' && verdict.reason, 'NodeUnreachable');
  assert.match(verdict.because, /^master-2/);
});

test('the other masters’ health is asked before the class, so that nothing is promised on a sick control plane', () => {
  const observation = incidentOn('master-1');
  kubeletOf(observation, 'master-1').bootstrap.accepted = 'yes';
  masterOf(observation, 'master-0').etcd = known({ healthy: false, detail: '503' }, '');
  const verdict = decide(observation);
  assert.equal(verdict.kind === 'refuse' && verdict.reason, 'OtherMasterUnhealthy');
});
