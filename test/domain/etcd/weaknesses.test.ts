import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectionToChange, membershipOf } from '../../../domain/etcd/before-change.ts';
import type { EtcdObservation } from '../../../domain/etcd/observation.ts';
import { overrideVerdict } from '../../../domain/etcd/override.ts';
import { defaultEtcdPolicy } from '../../../domain/etcd/policy.ts';
import { proveEtcdRecovered } from '../../../domain/etcd/proof.ts';
import { judgeRestore, judgeSet } from '../../../domain/lease-rules.ts';
import { known, unknown } from '../../../domain/reading.ts';
import { answerOf, decideEtcd, idsOf, planFor } from '../../support/etcd-decisions.ts';
import { addressChanged, dataLost, memberDown, memberRemoved } from '../../support/etcd-faults.ts';
import { etcdMaster, healthyCluster, inside, lookedAt, podOf } from '../../support/etcd-observations.ts';
import { replaced, sameHashes } from '../../support/etcd-healed.ts';
import { secondsAfter } from '../../support/observations.ts';

/**
 * The weaknesses of the tool that this recovery follows, one by one, as far as a rule that needs no cluster can show that they
 * are not here. W5 (a watch that closes) is the activities' to show.
 */

test('W1 not durable: a run that begins anew behind the removal goes on behind it, and repeats nothing', () => {
  const first = planFor(addressChanged());
  const second = planFor(memberRemoved(addressChanged()));
  const rest = idsOf(first).slice(idsOf(first).indexOf('remove-member') + 1);
  assert.deepEqual(
    idsOf(second).filter((id) => rest.includes(id)),
    rest,
  );
  assert.ok(!idsOf(second).includes('remove-member'));
});

test('W2 no quorum check: nothing is planned before every survivor has proved its quorum, and again before the act', () => {
  const observation = addressChanged();
  assert.equal(answerOf(decideEtcd(memberDown(addressChanged(), 'master-1'))), 'refuse QuorumLost');
  const plan = planFor(observation);
  const policy = defaultEtcdPolicy;
  assert.equal(objectionToChange(observation, plan, { policy }), undefined);
  assert.match(
    objectionToChange(memberDown(addressChanged(), 'master-1'), plan, { policy }) ?? '',
    /quorum|unclear/,
  );
});

test('W3 false success: a removal that removed nothing is not proved, whatever the node is called', () => {
  const name = 'ip-10-0-1-7.eu-central-1.compute.internal';
  const observation = addressChanged(name, '10.78.0.23', healthyCluster(['cp-x7k2p-0', 'cp-x7k2p-10', name]));
  const { pins } = planFor(observation);
  const { missing } = proveEtcdRecovered(observation, sameHashes(observation), {
    pins,
    raftGapAtMost: 1_000,
  });
  assert.ok(
    missing.some((one) => one.includes('8e9e05c52164694f')),
    missing.join('\n'),
  );
});

test('W3 false success: names of any pattern are found, those that are prefixes of one another too', () => {
  for (const names of [
    ['master-1', 'master-10', 'master-100'],
    ['a', 'a.b', 'a.b.c'],
    ['cluster-master-abcde-0', 'cluster-master-fghij-1', 'cluster-master-klmno-11'],
    ['etcd-one', 'etcd-etcd-two', 'one-etcd-'],
  ]) {
    for (const name of names) {
      const observation = leaderElsewhere(addressChanged(name, '10.78.0.99', healthyCluster(names)), name);
      assert.equal(planFor(observation).target, name);
    }
  }
});

test('W4 helper pod without network: a list of members that cannot be read is not an empty one', () => {
  const observation = addressChanged();
  etcdMaster(observation, 'master-1').view.members = known([], 'etcdctl in a pod without network');
  assert.notEqual(answerOf(decideEtcd(observation)), 'proceed');
  const plan = planFor(addressChanged());
  assert.equal(membershipOf(observation.masters, plan.pins), 'unclear');
  etcdMaster(observation, 'master-1').view.members = unknown('no route to host', '');
  assert.equal(membershipOf(observation.masters, plan.pins), 'unclear');
});

test('W6 wrong target: the healthy new member has the name of the old one, and is not touched', () => {
  const healed = replaced(planFor(addressChanged()));
  assert.equal(inside(healed.masters[0]!.view.members)[2]?.name, 'master-2');
  assert.equal(answerOf(decideEtcd(healed)), 'refuse EtcdHealthy');
  assert.equal(membershipOf(healed.masters, planFor(addressChanged()).pins), 'removed');
});

test('W6 wrong target: members that have swapped their names are still told by their addresses', () => {
  const observation = addressChanged();
  for (const { view } of observation.masters) {
    const [zero, , two] = view.members.known ? view.members.value : [];
    if (zero && two) [zero.name, two.name] = [two.name, zero.name];
  }
  assert.equal(planFor(observation).pins.target.member?.id, '8e9e05c52164694f');
});

test('W7 dual-stack: the second family of healthy masters is no contradiction, and the first is followed', () => {
  const observation = addressChanged();
  for (const [index, { node, pod }] of observation.masters.entries()) {
    inside(node).internalIps.unshift(`fd00::${index + 1}`);
    const seen = inside(pod);
    if (seen.state === 'present') seen.podIps.push(`fd00::${index + 1}`);
  }
  const { certificates } = etcdMaster(observation, 'master-2');
  for (const one of [...inside(certificates).secrets, ...inside(certificates).inAllCerts])
    if (one.state === 'present') one.addresses.push('fd00::3');
  const plan = planFor(observation, { policy: { ...defaultEtcdPolicy, inPlace: true } });
  assert.equal(plan.pins.target.newPeerUrl, 'https://10.78.0.23:2380');
  const healthy = healthyCluster();
  for (const [index, { node }] of healthy.masters.entries())
    inside(node).internalIps.unshift(`fd00::${index + 1}`);
  assert.equal(answerOf(decideEtcd(healthy)), 'refuse EtcdHealthy');
});

test('W8 restored by merge: what was there comes back exactly, and our key does not stay', () => {
  const lease = {
    target: 'etcd-unsafe-override',
    id: 'l1',
    owner: { workflow: 'recovery/lab', run: 'r1' },
    deadline: secondsAfter(lookedAt, 600),
  } as const;
  const before = { metadata: { resourceVersion: '1' }, spec: { unsupportedConfigOverrides: { foo: 1 } } };
  const set = judgeSet(before, lease);
  assert.ok(set.may === 'set');
  const note = set.patch.find(({ path }) => path.startsWith('/metadata/annotations'))?.value;
  const after = {
    metadata: { resourceVersion: '2', annotations: note },
    spec: {
      unsupportedConfigOverrides: { foo: 1, useUnsupportedUnsafeNonHANonProductionUnstableEtcd: true },
    },
  };
  const back = judgeRestore(after, lease);
  assert.ok(back.is === 'ours');
  assert.ok(back.patch.some(({ op, path }) => op === 'remove' && path.endsWith('UnstableEtcd')));
});

test('W9 window too short: the override stays until its revision exists, and no longer', () => {
  const purpose = { revisionBefore: 7, deadline: secondsAfter(lookedAt, 600) };
  const at = (revision: number, now: string) =>
    overrideVerdict(purpose, { latestAvailableRevision: revision }, now);
  assert.equal(at(7, secondsAfter(lookedAt, 5)), 'keep');
  assert.equal(at(8, secondsAfter(lookedAt, 5)), 'served');
  assert.equal(at(7, secondsAfter(lookedAt, 600)), 'overdue');
  assert.equal(at(7, 'no time at all'), 'overdue');
});

test('W10 destructive backup: the snapshot comes from a survivor, first of all; data is moved only where it is corrupt', () => {
  for (const observation of [addressChanged(), dataLost()]) {
    const plan = planFor(observation);
    assert.deepEqual(idsOf(plan).slice(0, 2), ['snapshot', 'copy-off-node']);
    assert.notEqual(plan.pins.executor.node, 'master-2');
    assert.ok(!idsOf(plan).includes('quarantine'));
  }
});

test('W11 racy: what somebody else changed meanwhile stops the removal, and what they removed is done', () => {
  const plan = planFor(addressChanged());
  const policy = defaultEtcdPolicy;
  assert.equal(objectionToChange(memberRemoved(addressChanged()), plan, { policy }), undefined);
  const renamed = addressChanged();
  for (const { view } of renamed.masters)
    if (view.members.known) view.members.value[2]!.peerUrls = ['https://10.78.0.77:2380'];
  assert.match(objectionToChange(renamed, plan, { policy }) ?? '', /changed/);
  const back = healthyCluster();
  assert.match(objectionToChange(back, plan, { policy }) ?? '', /healthy/);
});

test('W12 no verification: success is a list of proofs, and one missing makes it none', () => {
  const plan = planFor(addressChanged());
  const healed = replaced(plan);
  const expected = { pins: plan.pins, raftGapAtMost: 1_000 };
  assert.deepEqual(proveEtcdRecovered(healed, sameHashes(healed), expected).missing, []);
  assert.ok(proveEtcdRecovered(healed, [], expected).missing.length > 0);
  podOf(healed, 'master-2').containers = [];
  assert.deepEqual(
    proveEtcdRecovered(healed, sameHashes(healed), expected).missing,
    [],
    'a pod proves nothing',
  );
});

function leaderElsewhere(observation: EtcdObservation, target: string): EtcdObservation {
  const other = observation.masters.find(({ name }) => name !== target)!;
  const id = inside(other.view.self).memberId;
  for (const { view } of observation.masters) if (view.status.known) view.status.value.leader = id;
  return observation;
}
