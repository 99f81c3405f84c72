import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EtcdObservation } from '../../../domain/etcd/observation.ts';
import { defaultEtcdPolicy } from '../../../domain/etcd/policy.ts';
import { proveEtcdRecovered, type DataHash } from '../../../domain/etcd/proof.ts';
import { known, unknown } from '../../../domain/reading.ts';
import { planFor } from '../../support/etcd-decisions.ts';
import { replaced, sameHashes } from '../../support/etcd-healed.ts';
import { addressChanged, memberDown } from '../../support/etcd-faults.ts';
import {
  certificatesFor,
  condition,
  etcdMaster,
  inside,
  memberOf,
  replaceCondition,
} from '../../support/etcd-observations.ts';

const plan = planFor(addressChanged());
const inPlace = planFor(addressChanged(), { policy: { ...defaultEtcdPolicy, inPlace: true } });

function missingAfter(
  change: (observation: EtcdObservation, hashes: DataHash[]) => unknown,
  { pins } = plan,
): string[] {
  const observation = replaced({ pins });
  const hashes = sameHashes(observation);
  change(observation, hashes);
  return proveEtcdRecovered(observation, hashes, { pins, raftGapAtMost: 1_000 }).missing;
}

test('a replaced member, everybody healthy, the same data and a settled operator are success', () => {
  assert.deepEqual(
    missingAfter(() => {}),
    [],
  );
});

test('healed in place, the member is still the one it was', () => {
  assert.deepEqual(
    missingAfter(() => {}, inPlace),
    [],
  );
});

test('in place, another member at the address is no success', () => {
  const { pins } = inPlace;
  const observation = replaced(plan);
  const { missing } = proveEtcdRecovered(observation, sameHashes(observation), {
    pins,
    raftGapAtMost: 1_000,
  });
  assert.ok(missing.some((one) => one.includes('still member 8e9e05c52164694f')));
});

const faults: [string, RegExp, (observation: EtcdObservation, hashes: DataHash[]) => unknown][] = [
  ['a member does not answer', /healthy/, (seen) => memberDown(seen, 'master-0')],
  [
    'a survivor was not asked for its members',
    /everything was read/,
    (seen) => (etcdMaster(seen, 'master-1').view.members = unknown('timed out', '')),
  ],
  [
    'the new member is still a learner',
    /voters and nobody else/,
    (seen) => seen.masters.forEach(({ view }) => (inside(view.members)[2]!.learner = true)),
  ],
  [
    'a fourth member is listed',
    /nobody else/,
    (seen) =>
      seen.masters.forEach(({ view }) => inside(view.members).push(memberOf('x', 'abcdef', '10.78.0.99'))),
  ],
  [
    'another master’s member is at an address that its Node does not have',
    /voters and nobody else/,
    (seen) => (inside(etcdMaster(seen, 'master-0').node).internalIps = ['10.78.0.44']),
  ],
  [
    'a member is in another term',
    /one term/,
    (seen) => (inside(etcdMaster(seen, 'master-2').view.status).raftTerm = 6),
  ],
  [
    'the new member lags',
    /small gap/,
    (seen) => (inside(etcdMaster(seen, 'master-2').view.status).raftAppliedIndex -= 5_000),
  ],
  [
    'there is no leader',
    /one leader/,
    (seen) => seen.masters.forEach(({ view }) => (inside(view.status).leader = '0')),
  ],
  [
    'an alarm is raised',
    /no alarm/,
    (seen) => inside(etcdMaster(seen, 'master-2').view.alarms).push({ memberId: 'x', type: 'NOSPACE' }),
  ],
  ['the data differs', /same data/, (_, hashes) => (hashes[2]!.hash = '1')],
  ['the hashes are of different revisions', /same data/, (_, hashes) => (hashes[2]!.revision += 1)],
  ['one member was not hashed', /same data/, (_, hashes) => hashes.pop()],
  [
    'a certificate inside etcd-all-certs is still for the old address',
    /name its addresses/,
    (seen) =>
      (etcdMaster(seen, 'master-2').certificates = known(
        {
          secrets: certificatesFor('master-2', ['10.78.0.23']),
          inAllCerts: certificatesFor('master-2', ['10.78.0.13']),
        },
        '',
      )),
  ],
  [
    'a node is not at the newest revision',
    /settled/,
    (seen) => (inside(seen.operator).nodeStatuses[1]!.currentRevision = 4),
  ],
  [
    'the gate is still shut',
    /settled/,
    (seen) =>
      replaceCondition(
        inside(seen.operator),
        condition('RevisionControllerDegraded', 'True', 'SyncError', 'CheckSafeToScaleCluster'),
      ),
  ],
  [
    'the override is still set',
    /no override/,
    (seen) => (inside(seen.operator).lease = { state: 'foreign', evidence: ['true'] }),
  ],
  [
    'an empty object is left, which blocks upgrades',
    /no override/,
    (seen) => (inside(seen.operator).overrides = {}),
  ],
  ['the operator could not be read', /override/, (seen) => (seen.operator = unknown('Forbidden', ''))],
  [
    'it is another cluster',
    /this is cluster/,
    (seen) => seen.masters.forEach(({ view }) => (inside(view.self).clusterId = 'deadbeef')),
  ],
  ['no master was looked at', /voters|leader/, (seen) => (seen.masters = [])],
];

for (const [name, claim, change] of faults) {
  test(`it is not success while ${name}`, () => {
    const missing = missingAfter(change);
    assert.ok(
      missing.some((one) => claim.test(one)),
      missing.join('\n') || 'nothing was missing',
    );
  });
}

test('an empty object that was there before is no fault of ours', () => {
  const observation = addressChanged();
  inside(observation.operator).overrides = {};
  const { pins } = planFor(observation);
  assert.deepEqual(
    missingAfter((seen) => (inside(seen.operator).overrides = {}), { ...plan, pins }),
    [],
  );
});

test('ClusterOperator and other conditions that have nothing to do with it decide nothing', () => {
  assert.deepEqual(
    missingAfter((seen) =>
      replaceCondition(inside(seen.operator), condition('DefragControllerDegraded', 'True', 'x', 'y')),
    ),
    [],
  );
});
