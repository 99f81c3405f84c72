import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnose } from '../../domain/diagnosis/diagnose.ts';
import type { EtcdObservation } from '../../domain/etcd/observation.ts';
import { known, unknown } from '../../domain/reading.ts';
import {
  addressChanged,
  certificateBroken,
  crashLooping,
  dataCorrupt,
  dataLost,
  memberDown,
  memberRemoved,
} from '../support/etcd-faults.ts';
import { etcdMaster, healthyCluster, inside } from '../support/etcd-observations.ts';
import { healthyObservation, masterOf } from '../support/observations.ts';

const nobody = known({ runs: [], leaseWatched: false }, 'Temporal');

/** The first look saw an unhealthy member on master-2. */
function findings(etcd?: EtcdObservation) {
  const observation = healthyObservation();
  masterOf(observation, 'master-2').etcd = known({ healthy: false, detail: '503' }, '');
  return diagnose(observation, nobody, etcd);
}

function manifestDiffers(): EtcdObservation {
  const etcd = memberDown(healthyCluster(), 'master-2');
  crashLooping(etcd, 'master-2');
  inside(etcdMaster(etcd, 'master-2').host).manifest.state = 'differs';
  return etcd;
}

const faults: [string, string, () => EtcdObservation][] = [
  ['its node has another address', 'EtcdMemberAddressChanged', () => addressChanged()],
  ['its data is gone', 'EtcdMemberDataLost', () => dataLost()],
  ['its data cannot be read', 'EtcdMemberDataCorrupt', () => dataCorrupt()],
  ['its certificate is of no use', 'EtcdMemberCertificateBroken', () => certificateBroken()],
  ['its manifest is not that of its revision', 'EtcdMemberManifestBroken', manifestDiffers],
  ['it was removed, and nobody has added it again', 'EtcdMemberNotRejoined', () => memberRemoved(dataLost())],
];

for (const [name, code, etcd] of faults) {
  test(`${code} alone, with EtcdRecovery as its remedy, when ${name}`, () => {
    const found = findings(etcd());
    assert.deepEqual(
      found.map((one) => [one.code, one.node, one.remedy]),
      [[code, 'master-2', { runbook: 'EtcdRecovery', target: 'master-2' }]],
    );
    assert.ok(found[0]!.evidence.length > 1);
    assert.match(found[0]!.sentence, /master-2.*\.$/);
  });
}

test('a member that may come back by itself is unhealthy, and no runbook is named', () => {
  const [only, ...more] = findings(memberDown(healthyCluster(), 'master-2'));
  assert.deepEqual(more, []);
  assert.equal(only?.code, 'EtcdMemberUnhealthy');
  assert.deepEqual(only?.remedy, { page: 'docs/findings.md#etcdmemberunhealthy' });
});

test('without the operator, or without a second look, the first look stands as it is', () => {
  const etcd = dataLost();
  etcd.operator = unknown('404 Not Found', 'GET etcds/cluster');
  assert.deepEqual(findings(etcd), findings());
  assert.deepEqual(
    findings().map(({ code }) => code),
    ['EtcdMemberUnhealthy'],
  );
});

test('a Machine that keeps the old address is a finding beside: the operator says it nowhere', () => {
  const etcd = addressChanged();
  const machine = inside(etcdMaster(etcd, 'master-2').machine);
  if (machine.state === 'present') machine.addresses = ['10.78.0.13'];
  assert.deepEqual(
    findings(etcd).map(({ code }) => code),
    ['EtcdMemberAddressChanged', 'MachineAddressStale'],
  );
});

test('two bad members are two findings of the first look, and no runbook mends them', () => {
  const etcd = memberDown(dataLost(), 'master-1');
  const found = findings(etcd);
  assert.ok(found.every(({ remedy }) => 'page' in remedy));
});
