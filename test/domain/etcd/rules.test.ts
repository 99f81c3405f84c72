import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalHost, hostOf, includesHost, peerUrl, successorOf } from '../../../domain/etcd/addresses.ts';
import { isMemberId, memberId } from '../../../domain/etcd/member-id.ts';
import { certificateSecrets, ipVariable } from '../../../domain/etcd/names.ts';
import { isGateClosed, operatorKind } from '../../../domain/etcd/operator-kind.ts';
import { arithmetic, countObjection, quorumOf, toleranceOf } from '../../../domain/etcd/quorum.ts';
import { isHeldUpBy, rollOutOf } from '../../../domain/etcd/roll-out.ts';
import { nextSighting } from '../../../domain/etcd/sighting.ts';
import { snapshotFault } from '../../../domain/etcd/snapshot.ts';
import { known } from '../../../domain/reading.ts';
import { answerOf, decideEtcd, planFor } from '../../support/etcd-decisions.ts';
import { addressChanged } from '../../support/etcd-faults.ts';
import {
  condition,
  etcdMaster,
  healthyCluster,
  inside,
  lookedAt,
  podOf,
  replaceCondition,
} from '../../support/etcd-observations.ts';
import { secondsAfter } from '../../support/observations.ts';

test('ids of 64 bits keep all their digits', () => {
  assert.equal(memberId('10276657743932975437', 'decimal'), '8e9e05c52164694d');
  assert.equal(memberId('10276657743932975438', 'decimal'), '8e9e05c52164694e');
  assert.equal(memberId('8E9E05C52164694D', 'hex'), '8e9e05c52164694d');
  assert.equal(memberId('00ab', 'hex'), 'ab');
});

test('what is no id is none', () => {
  for (const text of ['', '-1', '1.5', '1e9', '99999999999999999999', 'master-2']) {
    assert.equal(memberId(text, 'decimal'), undefined, text);
  }
  assert.equal(memberId('8e9e05c52164694dd', 'hex'), undefined);
  assert.ok(!isMemberId('0') && !isMemberId('') && !isMemberId('ABC') && isMemberId('8e9e05c52164694d'));
});

test('one address has many spellings, and counts once', () => {
  assert.equal(canonicalHost('[FD00:0:0::1]'), 'fd00::1');
  assert.equal(hostOf('https://[fd00:0::1]:2380'), 'fd00::1');
  assert.ok(includesHost(['fd00::1'], '[fd00:0:0:0::1]'));
  assert.ok(!includesHost(['10.78.0.1'], '10.78.0.11'));
  assert.equal(hostOf('not a url'), '');
  assert.equal(peerUrl('fd00::1'), 'https://[fd00::1]:2380');
});

test('a new address is one of the old one’s family', () => {
  assert.equal(successorOf('10.0.0.1', ['fd00::1', '10.0.0.9']), '10.0.0.9');
  assert.equal(successorOf('fd00::9', ['10.0.0.9', 'fd00::1']), 'fd00::1');
  assert.equal(successorOf('10.0.0.1', []), undefined);
});

test('names are built from the whole node name, dots and all', () => {
  assert.equal(ipVariable('ip-10-0-1-7.internal'), 'NODE_ip_10_0_1_7_internal_IP');
  assert.deepEqual(certificateSecrets('master-1'), [
    'etcd-peer-master-1',
    'etcd-serving-master-1',
    'etcd-serving-metrics-master-1',
  ]);
});

test('two nodes whose names become one variable are never taken for one another', () => {
  const observation = addressChanged('a-b', '10.78.0.99', healthyCluster(['a.b', 'a-b', 'c']));
  const verdict = decideEtcd(observation);
  if (verdict.kind === 'proceed')
    assert.equal(verdict.plan.pins.target.member?.peerUrls[0], 'https://10.78.0.12:2380');
  else assert.equal(verdict.kind, 'refuse');
});

test('with IPv6 alone it is the same', () => {
  const observation = healthyCluster();
  const text = JSON.stringify(observation).replaceAll(/10\.78\.0\.1([123])/g, 'fd00::$1');
  const six = JSON.parse(text.replaceAll(/https:\/\/(fd00::\d):/g, 'https://[$1]:')) as typeof observation;
  assert.equal(answerOf(decideEtcd(six)), 'refuse EtcdHealthy');
  const changed = addressChanged('master-2', 'fd00::23', six);
  assert.match(planFor(changed).because, /from fd00::3 to fd00::23/);
});

test('an address that another master has taken over leads to no plan for either', () => {
  const observation = addressChanged();
  inside(etcdMaster(observation, 'master-1').node).internalIps = ['10.78.0.13'];
  assert.notEqual(answerOf(decideEtcd(observation)), 'proceed');
});

test('a pod of another master that is one revision behind does not make that master a candidate', () => {
  const observation = addressChanged();
  podOf(observation, 'master-1').env['NODE_master_0_IP'] = '10.78.0.77';
  assert.equal(answerOf(decideEtcd(observation)), 'proceed');
});

test('quorum and tolerance are those of etcd', () => {
  assert.deepEqual([1, 2, 3, 4, 5].map(quorumOf), [1, 2, 2, 3, 3]);
  assert.deepEqual(
    [toleranceOf(3, 3), toleranceOf(3, 2), toleranceOf(2, 2), toleranceOf(5, 4), toleranceOf(3, 1)],
    [1, 0, 0, 1, -1],
  );
});

test('the arithmetic is written so that a person can check it', () => {
  assert.deepEqual(arithmetic({ voters: 3, healthy: 2 }, 'remove'), [
    'Now: 3 voters, 2 needed for quorum, 2 healthy: no further failure is tolerated.',
    'After the removal: 2 voters, 2 needed for quorum, 2 healthy: no further failure is tolerated.',
    'Until the new member is promoted, one more failure is an outage.',
  ]);
  assert.deepEqual(arithmetic({ voters: 5, healthy: 4 }, 'remove'), [
    'Now: 5 voters, 3 needed for quorum, 4 healthy: 1 more may fail.',
    'After the removal: 4 voters, 3 needed for quorum, 4 healthy: 1 more may fail.',
  ]);
});

const counts: [number, number, number, 'listed' | 'removed', boolean, string][] = [
  [3, 2, 3, 'listed', true, 'one of three is bad'],
  [2, 2, 3, 'removed', true, 'it was removed already'],
  [5, 4, 5, 'listed', true, 'one of five is bad'],
  [4, 4, 5, 'removed', true, 'it was removed from five'],
  [3, 3, 3, 'listed', false, 'all are healthy: etcd itself would allow it'],
  [2, 2, 3, 'listed', false, 'two are left: etcd itself would allow it'],
  [4, 3, 3, 'listed', false, 'a fourth was added'],
  [4, 4, 4, 'listed', false, 'four masters'],
  [3, 1, 3, 'listed', false, 'no quorum'],
  [5, 3, 5, 'listed', false, 'two of five are bad'],
  [1, 1, 1, 'listed', false, 'one master'],
];

for (const [voters, healthy, masters, target, allowed, why] of counts) {
  test(`${voters} voters of ${masters} masters, ${healthy} healthy, target ${target}: ${allowed ? 'may' : 'may not'} (${why})`, () => {
    assert.equal(countObjection({ voters, healthy }, masters, target) === undefined, allowed);
  });
}

test('a release is of the kind that was measured or read, and no other', () => {
  const operator = inside(healthyCluster().operator);
  const kindOf = (version: string) => {
    const found = operatorKind(version, operator);
    return 'kind' in found ? found.kind : 'unsupported';
  };
  assert.deepEqual(['4.14.9', '4.16.21', '4.18.0', '4.20.3', '4.23.0'].map(kindOf), [
    'all-gated',
    'all-gated',
    'revision-gated',
    'revision-gated',
    'revision-gated',
  ]);
  for (const version of ['4.13.50', '4.17.2', '4.24.0', '5.0.1', '4.1', '', 'latest', '14.16.1'])
    assert.equal(kindOf(version), 'unsupported', version);
  assert.equal(kindOf('4.20.0-rc.1'), 'revision-gated');
});

test('the gate is seen only where this kind of operator shows it, whatever else looks healthy', () => {
  const operator = inside(healthyCluster().operator);
  assert.ok(!isGateClosed('revision-gated', operator));
  replaceCondition(operator, condition('RevisionControllerDegraded', 'True', 'SyncError', 'something else'));
  assert.ok(!isGateClosed('revision-gated', operator));
  replaceCondition(
    operator,
    condition('RevisionControllerDegraded', 'True', 'SyncError', 'CheckSafeToScaleCluster found 2'),
  );
  assert.ok(isGateClosed('revision-gated', operator));
  assert.ok(!isGateClosed('all-gated', operator));
});

test('a roll-out is read off the nodes, and a node without an entry is behind', () => {
  const operator = inside(healthyCluster().operator);
  const names = ['master-0', 'master-1', 'master-2'];
  assert.equal(rollOutOf(operator, names).state, 'settled');
  operator.nodeStatuses.pop();
  const rollOut = rollOutOf(operator, names);
  assert.deepEqual(rollOut.state === 'moving' && rollOut.behind, ['master-2']);
  assert.ok(isHeldUpBy(rollOut, 'master-2') && !isHeldUpBy(rollOut, 'master-1'));
});

test('a roll-out on two nodes, or on another one, is not held up by this one', () => {
  const operator = inside(healthyCluster().operator);
  operator.latestAvailableRevision = 3;
  const names = ['master-0', 'master-1', 'master-2'];
  assert.ok(!isHeldUpBy(rollOutOf(operator, names), 'master-2'), 'nobody is being worked on yet');
  operator.nodeStatuses[0]!.targetRevision = 3;
  assert.ok(!isHeldUpBy(rollOutOf(operator, names), 'master-2'));
  operator.nodeStatuses[2]!.targetRevision = 3;
  assert.ok(!isHeldUpBy(rollOutOf(operator, names), 'master-2'));
});

test('a sighting lasts while the fault is the same, and its roll-out while that stands still', () => {
  const first = nextSighting(undefined, { fault: 'a', rollOut: 'r1', at: at(0) });
  const second = nextSighting(first, { fault: 'a', rollOut: 'r2', at: at(60) });
  assert.deepEqual([second.since, second.rollOutSince], [at(0), at(60)]);
  assert.equal(nextSighting(second, { fault: 'b', rollOut: 'r2', at: at(90) }).since, at(90));
  assert.equal(nextSighting(second, { fault: 'a', rollOut: 'r2', at: at(60 + 1_801) }).since, at(60 + 1_801));
  assert.equal(nextSighting(second, { fault: 'a', rollOut: 'r2', at: at(30) }).since, at(30), 'backwards');
  assert.equal(nextSighting(second, { fault: 'a', rollOut: 'r2', at: 'no time' }).since, 'no time');
});

const snapshot = {
  sizeBytes: 110_002_176 + 32,
  sha256: 'ab'.repeat(32),
  trailerMatches: true,
  pagesIntact: true,
  revision: 80_050,
  totalKeys: 9_000,
};

test('a whole snapshot that is not older than the cluster was is relied on', () => {
  assert.equal(snapshotFault(snapshot, 80_050), undefined);
});

for (const [name, change] of [
  ['its trailer is wrong', { trailerMatches: false }],
  ['a page is damaged', { pagesIntact: false }],
  ['it is a copy of the database file, without a trailer', { sizeBytes: 110_002_176 }],
  ['it comes from a member that lagged', { revision: 80_049 }],
  ['its revision is no number', { revision: Number.NaN }],
  ['it is empty', { totalKeys: 0 }],
  ['its hash was not taken', { sha256: '' }],
] as const) {
  test(`a snapshot is not relied on when ${name}`, () => {
    assert.ok(snapshotFault({ ...snapshot, ...change }, 80_050));
  });
}

test('a member that all reach at its old address is healthy, and the contradiction is told', () => {
  const observation = addressChanged();
  for (const { view } of observation.masters) {
    if (view.reach.known) for (const one of view.reach.value) one.healthy = true;
  }
  etcdMaster(observation, 'master-2').view.read = known({ healthy: true, detail: '' }, '');
  const verdict = decideEtcd(observation);
  assert.equal(answerOf(verdict), 'refuse EtcdHealthy');
  assert.ok(verdict.evidence.some(({ fact }) => fact.includes('NODE_master_2_IP=10.78.0.13')));
});

test('a member that others reach and that fails its own read is neither healthy nor dead', () => {
  const observation = healthyCluster();
  etcdMaster(observation, 'master-2').view.read = known({ healthy: false, detail: 'timed out' }, '');
  assert.equal(answerOf(decideEtcd(observation)), 'refuse SurvivorsDisagree');
});

function at(seconds: number): string {
  return secondsAfter(lookedAt, seconds);
}
