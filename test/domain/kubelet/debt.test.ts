import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Observation } from '../../../domain/control-plane.ts';
import { judgeDebt } from '../../../domain/kubelet/debt.ts';
import { decide } from '../../support/decisions.ts';
import { adminSubject, noSigner, present } from '../../support/ladder.ts';
import {
  clientFile,
  healthyObservation,
  incidentOn,
  kubeletOf,
  observedAt,
  secondsAfter,
} from '../../support/observations.ts';

/** Its kubeconfig holds cluster-admin, and its own certificate lies there: as after rung R4b, once somebody signs. */
function lentTo(node: string, observation: Observation = healthyObservation()): Observation {
  const { kubeconfig } = kubeletOf(observation, node);
  if (kubeconfig.state === 'present')
    Object.assign(kubeconfig, {
      credential: 'client-certificate-data',
      embeddedCommonName: adminSubject.commonName,
      embeddedOrganizations: adminSubject.organizations,
    });
  return observation;
}

test('cluster-admin on a kubelet is owed as soon as somebody signs, and waits until then', () => {
  assert.equal(judgeDebt(lentTo('master-1'), 'master-1').state, 'owed');
  const unsigned = lentTo('master-1');
  noSigner(unsigned);
  assert.equal(judgeDebt(unsigned, 'master-1').state, 'waiting');
});

test('a graduation takes no lock while another master cannot authenticate at all: that one comes first', () => {
  const debt = judgeDebt(lentTo('master-1', incidentOn('master-2')), 'master-1');
  assert.equal(debt.state, 'waiting');
  assert.match(debt.because, /master-2 cannot authenticate at all, and comes first/);
});

test('no health check proposes anything against a watch: not while nobody signs, nor for a node that only has to renew', () => {
  const unsigned = lentTo('master-1');
  noSigner(unsigned);
  const kubelet = kubeletOf(unsigned, 'master-1');
  kubelet.adminCredentials = ['/var/lib/kubelet/kubeconfig'];
  kubelet.clientCertificate = present(adminSubject);
  kubelet.clientFiles = [
    clientFile('master-1', { certificate: { ...kubelet.clientFiles[0]!.certificate!, ...adminSubject } }),
  ];
  const verdict = decide(unsigned);
  assert.ok(verdict.kind === 'refuse', verdict.because);
  assert.equal(verdict.reason, 'SignerDown');
  const healthy = decide(healthyObservation());
  assert.ok(healthy.kind === 'refuse');
  assert.equal(healthy.reason, 'NodeHealthy');
});

test('a healthy node is watched until its certificate is another one, for which nobody looks before 70 % of its life', () => {
  const healthy = healthyObservation();
  const debt = judgeDebt(healthy, 'master-1');
  assert.deepEqual([debt.state, debt.notBefore], ['watching', '2026-12-13T11:40:30.000Z']);
  assert.equal(judgeDebt(healthy, 'master-1', debt.certificate).state, 'watching');
  const before = { serial: 'another', notAfter: secondsAfter(observedAt, 86_400) };
  assert.equal(judgeDebt(healthy, 'master-1', before).state, 'paid');
});

test('a certificate that came only after the one before had ended was not renewed by the node itself', () => {
  const ended = { serial: 'another', notAfter: secondsAfter(observedAt, -86_400) };
  const debt = judgeDebt(healthyObservation(), 'master-1', ended);
  assert.equal(debt.state, 'watching');
  assert.match(debt.because, /after the one before had ended/);
});
