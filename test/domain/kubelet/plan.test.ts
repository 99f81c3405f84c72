import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Observation } from '../../../domain/control-plane.ts';
import { planOf } from '../../../domain/plan.ts';
import { decide, decideChanged, type Change } from '../../support/decisions.ts';
import { healthyObservation, incidentOn, kubeletOf, laterLook, scripts } from '../../support/observations.ts';

function moved(change: Change): boolean {
  const verdict = decideChanged(change);
  assert.ok(verdict.kind === 'proceed', verdict.because);
  return JSON.stringify(verdict.plan.steps.find(({ id }) => id === 'restart')).includes('moved into');
}

function digest(observation: Observation): string {
  const verdict = decide(observation);
  assert.equal(verdict.kind, 'proceed', verdict.because);
  return verdict.kind === 'proceed' ? verdict.digest : '';
}

test('two looks minutes apart at the same fault give the same digest', () => {
  const observation = incidentOn('master-1');
  for (const seconds of [7, 60, 301, 3_600]) {
    const later = laterLook(observation, seconds);
    assert.notDeepEqual(later, observation);
    assert.equal(digest(later), digest(observation));
  }
});

const drifts: [string, Change][] = [
  [
    'the bootstrap file',
    (_, kubelet) =>
      kubelet.bootstrap.file.state === 'present' && (kubelet.bootstrap.file.sha256 = 'd'.repeat(64)),
  ],
  [
    'the kubeconfig',
    (_, kubelet) => kubelet.kubeconfig.state === 'present' && (kubelet.kubeconfig.sha256 = 'd'.repeat(64)),
  ],
  [
    'the CA',
    (_, kubelet) => kubelet.kubeconfig.state === 'present' && (kubelet.kubeconfig.caSha256 = 'd'.repeat(64)),
  ],
  [
    'the certificate file',
    (_, kubelet) => (kubelet.clientCertificate = { state: 'dangling', target: 'gone.pem' }),
  ],
  [
    'a script',
    (_, __, decision) => (decision.scripts = { ...scripts, 'restart-kubelet.sh': 'd'.repeat(64) }),
  ],
  [
    'the script that undoes',
    (_, __, decision) => (decision.scripts = { ...scripts, 'restore-kubelet.sh': 'd'.repeat(64) }),
  ],
  ['the run', (_, __, decision) => (decision.runId = 'r2')],
];

for (const [what, change] of drifts) {
  test(`another digest when ${what} has changed`, () => {
    const verdict = decideChanged(change);
    assert.ok(verdict.kind === 'proceed', verdict.because);
    assert.notEqual(verdict.digest, digest(incidentOn('master-1')));
  });
}

test('the plan says that a certificate is moved away exactly when the script moves it', () => {
  assert.equal(
    moved((_, kubelet) => (kubelet.clientCertificate = { state: 'dangling', target: 'gone.pem' })),
    true,
  );
  assert.equal(
    moved(() => undefined),
    false,
  );
  const expired = kubeletOf(healthyObservation(), 'master-1').clientCertificate;
  assert.ok(expired.state === 'present');
  expired.notAfter = '2026-01-01T00:00:00.000Z';
  assert.equal(
    moved((_, kubelet) => (kubelet.clientCertificate = expired)),
    false,
  );
});

test('the plan says of a certificate whose it is and until when, and calls none expired that is only another’s', () => {
  const { clientCertificate } = kubeletOf(healthyObservation(), 'master-1');
  assert.ok(clientCertificate.state === 'present');
  const foreign = { ...clientCertificate, commonName: 'system:node:master-2', isSymlink: false };
  const verdict = decideChanged((_, kubelet) => (kubelet.clientCertificate = foreign));
  assert.ok(verdict.kind === 'proceed', verdict.because);
  const changes = verdict.plan.steps.flatMap((step) => step.changes);
  const { from } = changes.find(({ what }) => what.endsWith('kubelet-client-current.pem'))!;
  assert.equal(
    from,
    `a regular file: O=system:nodes, CN=system:node:master-2, serial 4F2A, valid until ${foreign.notAfter}`,
  );
});

test('the plan is that of rung R2b: its steps, its one irreversible act, and its point of no return at the restart', () => {
  const verdict = decide(incidentOn('master-1'));
  assert.ok(verdict.kind === 'proceed');
  const { plan } = verdict;
  assert.deepEqual(
    plan.steps.map(({ id, risk, pointOfNoReturn }) => [id, risk, pointOfNoReturn ?? false]),
    [
      ['backup', 'reversible', false],
      ['bootstrap', 'reversible', false],
      ['restart', 'reversible', true],
      ['approve-csr', 'irreversible', false],
      ['verify', 'reversible', false],
      ['graduate', 'reversible', false],
      ['verify-graduated', 'reversible', false],
      ['follow-up', 'reversible', false],
    ],
  );
  const pins = planOf('KubeletAuthRecovery', plan).pins;
  assert.deepEqual(pins.csr, {
    requester: 'system:serviceaccount:openshift-machine-config-operator:node-bootstrapper',
    commonName: 'system:node:master-1',
    organizations: ['system:nodes'],
    usages: ['digital signature', 'client auth', 'key encipherment'],
  });
  assert.equal(pins.bootstrapSha256, 'b0'.repeat(32));
});

test('without a bootstrap file the plan is pinned to its absence', () => {
  const observation = incidentOn('master-1');
  kubeletOf(observation, 'master-1').bootstrap.file = { state: 'missing' };
  const verdict = decide(observation);
  assert.ok(verdict.kind === 'proceed', verdict.because);
  assert.equal(planOf('KubeletAuthRecovery', verdict.plan).pins.bootstrapSha256, 'missing');
});
