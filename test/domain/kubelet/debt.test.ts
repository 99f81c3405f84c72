import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Observation } from '../../../domain/control-plane.ts';
import { judgeDebt } from '../../../domain/kubelet/debt.ts';
import { adminSubject, noSigner } from '../../support/ladder.ts';
import { healthyObservation, incidentOn, kubeletOf } from '../../support/observations.ts';

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

test('a healthy node is watched until its certificate is another one', () => {
  const healthy = healthyObservation();
  const first = judgeDebt(healthy, 'master-1');
  assert.equal(first.state, 'watching');
  assert.equal(judgeDebt(healthy, 'master-1', first.serial).state, 'watching');
  assert.equal(judgeDebt(healthy, 'master-1', 'another').state, 'paid');
});
