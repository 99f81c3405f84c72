import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planOf } from '../../../domain/plan.ts';
import { known } from '../../../domain/reading.ts';
import { decide, decisionOn, type Change } from '../../support/decisions.ts';
import {
  adminFile,
  adminSubject,
  goodBootstrap,
  noSecret,
  noSigner,
  older,
  planFor,
  request,
} from '../../support/ladder.ts';
import {
  incidentOn,
  kubeletOf,
  masterOf,
  nodeOf,
  observedAt,
  secondsAfter,
} from '../../support/observations.ts';

/** The unsafe case beside the safe one: each is one of the climbs above, and one thing is missing. */
const refusedClimbs: [string, Change][] = [
  [
    'an older certificate that the API server refuses',
    (_, kubelet) => (kubelet.clientFiles = [{ ...older, accepted: 'rejected' }]),
  ],
  [
    'an older certificate that nobody asked with',
    (_, kubelet) => (kubelet.clientFiles = [{ ...older, accepted: 'unknown' }]),
  ],
  [
    'an older certificate that ends within the hour',
    (_, kubelet) =>
      (kubelet.clientFiles = [
        { ...older, certificate: { ...older.certificate!, notAfter: secondsAfter(observedAt, 3_000) } },
      ]),
  ],
  [
    'an older certificate without its key',
    (_, kubelet) => (kubelet.clientFiles = [{ ...older, keyMatches: false }]),
  ],
  [
    'an older certificate of cluster-admin',
    (_, kubelet) =>
      (kubelet.clientFiles = [{ ...older, certificate: { ...older.certificate!, ...adminSubject } }]),
  ],
];

for (const [what, change] of refusedClimbs) {
  test(`${what} is not linked`, () => {
    assert.notEqual(planFor(change).pins.rung, 'R1');
  });
}

const noBreakGlass: [string, Change][] = [
  ['it was not asked for', (_, __, decision) => delete decision.request.breakGlass],
  ['no admin kubeconfig was seen', (_, kubelet) => (kubelet.adminKubeconfigs = [])],
  ['it has ended', (_, kubelet) => (kubelet.adminKubeconfigs = [{ ...adminFile, notAfter: observedAt }])],
  [
    'it is bound to localhost',
    (_, kubelet) => (kubelet.adminKubeconfigs = [{ ...adminFile, server: 'https://localhost:6443' }]),
  ],
  ['no durable bootstrap file could follow', (observation) => noSecret(observation)],
  ['a worker is named', (observation) => (nodeOf(observation, 'master-1').isMaster = false)],
];

for (const [what, change] of noBreakGlass) {
  test(`no kubelet is lent cluster-admin when ${what}`, () => {
    const observation = incidentOn('master-1');
    noSigner(observation);
    const kubelet = kubeletOf(observation, 'master-1');
    kubelet.adminKubeconfigs = [adminFile];
    const decision = decisionOn(observation);
    decision.request.breakGlass = true;
    decision.request.node = 'master-1';
    change(observation, kubelet, decision);
    assert.equal(decide(observation, decision).kind, 'refuse');
  });
}

test('a denial by a person is overruled by no riskier rung', () => {
  for (const rung of ['R3', 'R4a']) {
    const observation = incidentOn('master-1');
    const kubelet = kubeletOf(observation, 'master-1');
    goodBootstrap(kubelet);
    kubelet.adminKubeconfigs = [adminFile];
    observation.csrs = known([request({ state: 'Denied' })], '');
    if (rung === 'R3') noSecret(observation);
    const decision = decisionOn(observation);
    decision.request.breakGlass = true;
    const verdict = decide(observation, decision);
    assert.equal(verdict.kind, 'refuse', verdict.because);
    assert.match(JSON.stringify(verdict.evidence), /its request was denied/);
  }
});

test('cluster-admin is no bootstrap credential without a person’s word, though several masters are lost', () => {
  const observation = incidentOn('master-2', incidentOn('master-1'));
  if (observation.powers.known) observation.powers.value.approveRequests = false;
  for (const { name } of observation.masters) kubeletOf(observation, name).adminKubeconfigs = [adminFile];
  assert.equal(decide(observation).kind, 'refuse');
  const decision = decisionOn(observation);
  decision.request.breakGlass = true;
  assert.equal(decide(observation, decision).kind, 'proceed');
});

test('break-glass says system:masters in its step, its risk is break-glass, and it is never proposed where a safer rung fits', () => {
  const lent = planFor((observation, kubelet, decision) => {
    noSigner(observation);
    kubelet.adminKubeconfigs = [adminFile];
    decision.request.breakGlass = true;
  });
  const step = lent.steps.find(({ risk }) => risk === 'break-glass');
  assert.match(step?.sentence ?? '', /BREAK-GLASS.*system:masters/);
  const safe = planFor((_, kubelet, decision) => {
    kubelet.adminKubeconfigs = [adminFile];
    decision.request.breakGlass = true;
  });
  assert.equal(safe.pins.rung, 'R2b');
});

test('of three masters that are lost the first that can be mended is, and the plan says which come next', () => {
  const observation = incidentOn('master-2', incidentOn('master-1', incidentOn('master-0')));
  kubeletOf(observation, 'master-0').orphanPods.push({ namespace: 'openshift-etcd', name: 'etcd-master-0' });
  const verdict = decide(observation);
  assert.ok(verdict.kind === 'proceed', verdict.because);
  assert.equal(verdict.plan.target, 'master-1');
  assert.match(verdict.plan.because, /master-0 and master-2 lost theirs too \(class C9\)/);
});

test('of three masters that are lost while nobody can sign the first is lent cluster-admin, for the signer may wait for it', () => {
  const observation = incidentOn('master-2', incidentOn('master-1', incidentOn('master-0')));
  noSigner(observation);
  for (const { name } of observation.masters) kubeletOf(observation, name).adminKubeconfigs = [adminFile];
  const verdict = decide(observation);
  assert.ok(verdict.kind === 'proceed', verdict.because);
  assert.deepEqual(
    [verdict.plan.target, planOf('KubeletAuthRecovery', verdict.plan).pins.rung],
    ['master-0', 'R4b'],
  );
});

test('none of three lost masters is touched while one does not carry its etcd', () => {
  const observation = incidentOn('master-2', incidentOn('master-1'));
  masterOf(observation, 'master-0').etcd = known({ healthy: false, detail: '503' }, '');
  const verdict = decide(observation);
  assert.equal(verdict.kind === 'refuse' && verdict.reason, 'OtherMasterUnhealthy');
});
