import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gateOf, OVERRIDE } from '../../lab/operator/rules/gate.ts';
import { endpointsOf, memberConditions } from '../../lab/operator/rules/members.ts';
import { PROFILES } from '../../lab/operator/rules/profiles.ts';
import { healthy, master, member, status, three } from './support.ts';

const allHealthy = three(healthy);
const oneDead = allHealthy.with(2, { ...healthy(2), healthy: false, error: 'context deadline exceeded' });
const settled = three((index) => status(index, 2));
const gate = { profile: PROFILES.main, nodeStatuses: settled, latestAvailableRevision: 2, overrides: null };

test('three healthy members open the gate', () => {
  assert.deepEqual(gateOf({ ...gate, members: allHealthy }), { open: true, by: 'members' });
});

test('one dead member closes it, in the words of each release', () => {
  const main = gateOf({ ...gate, members: oneDead });
  const older = gateOf({ ...gate, profile: PROFILES['4.16'], members: oneDead });
  assert.deepEqual(main, {
    open: false,
    why: 'CheckSafeToScaleCluster found 2 healthy member(s) out of the 3 required by the HAScalingStrategy',
  });
  assert.ok(!older.open);
  assert.match(
    older.why,
    /^etcd cluster has quorum of 2 and 2 healthy members which is not fault tolerant: \[\{Member:ID:11 /,
  );
});

test('two members, both healthy, keep it closed: only the override opens it then', () => {
  const two = allHealthy.slice(0, 2);
  assert.equal(gateOf({ ...gate, members: two }).open, false);
  assert.equal(gateOf({ ...gate, profile: PROFILES['4.16'], members: two }).open, false);
  for (const value of [true, 'true'])
    assert.deepEqual(gateOf({ ...gate, members: two, overrides: { [OVERRIDE]: value } }), {
      open: true,
      by: 'override',
    });
  for (const overrides of [{}, { [OVERRIDE]: false }, { [OVERRIDE]: 'yes' }, { other: true }, undefined])
    assert.equal(gateOf({ ...gate, members: two, overrides }).open, false);
});

test('a revision in progress opens the gate whatever the members are, also when they cannot be asked', () => {
  const nodeStatuses = settled.with(1, status(1, 1));
  for (const members of [oneDead, 'context deadline exceeded'])
    assert.deepEqual(gateOf({ ...gate, nodeStatuses, members }), { open: true, by: 'revision in progress' });
  assert.equal(gateOf({ ...gate, members: 'context deadline exceeded' }).open, false);
});

test('the member conditions say what the real ones say', () => {
  const unstarted = { ...healthy(2), member: { ...member(2), name: '', clientUrls: [] }, healthy: false };
  assert.deepEqual(said(allHealthy, 'EtcdMembersAvailable'), [
    'True',
    'EtcdQuorate',
    '3 members are available',
  ]);
  const dead = '2 of 3 members are available, master-2 is unhealthy';
  assert.deepEqual(said(oneDead, 'EtcdMembersAvailable'), ['True', 'EtcdQuorate', dead]);
  assert.deepEqual(said(oneDead, 'EtcdMembersDegraded'), ['True', 'UnhealthyMembers', dead]);
  const pending = [...allHealthy.slice(0, 2), unstarted];
  const text = '2 of 3 members are available, NAME-PENDING-10.0.0.13 has not started';
  assert.deepEqual(said(pending, 'EtcdMembersProgressing'), ['True', 'MembersNotStarted', text]);
  assert.deepEqual(said(pending, 'EtcdMembersDegraded'), [
    'False',
    'AsExpected',
    'No unhealthy members found',
  ]);
});

test('after a removal two members look healthy: nothing but the gate tells that one is missing', () => {
  const two = memberConditions(allHealthy.slice(0, 2));
  assert.deepEqual(
    two.map(({ type, status: value }) => `${type} ${value}`),
    [
      'EtcdMembersAvailable True',
      'EtcdMembersDegraded False',
      'EtcdMembersProgressing False',
      'EtcdMembersControllerDegraded False',
    ],
  );
});

test('etcd-endpoints holds voters by hex id, and node names only where the newer operator falls back to them', () => {
  const learner = { ...member(2), learner: true };
  assert.deepEqual(endpointsOf([member(0), member(1), learner], three(master), true), {
    b: '10.0.0.11',
    c: '10.0.0.12',
  });
  assert.deepEqual(endpointsOf('timed out', [master(0)], true), { 'master-0': '10.0.0.11' });
  assert.equal(endpointsOf('timed out', [master(0)], false), undefined);
});

function said(members: Parameters<typeof memberConditions>[0], type: string): unknown[] {
  const found = memberConditions(members).find((each) => each.type === type);
  return [found?.status, found?.reason, found?.message];
}
