import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sightingOf } from '../../../domain/etcd/assessment.ts';
import type { EtcdObservation } from '../../../domain/etcd/observation.ts';
import { defaultEtcdPolicy } from '../../../domain/etcd/policy.ts';
import { answerOf, decideAfter, decideEtcd, etcdDecisionOn } from '../../support/etcd-decisions.ts';
import { digestOf } from '../../../activities/decide/index.ts';
import { decideEtcdRecovery } from '../../../domain/etcd/verdict.ts';
import { addressChanged, dataCorrupt, memberRemoved } from '../../support/etcd-faults.ts';
import {
  certificatesFor,
  etcdMaster,
  healthyCluster,
  inside,
  lookedAt,
  memberOf,
} from '../../support/etcd-observations.ts';
import { known } from '../../../domain/reading.ts';
import { secondsAfter } from '../../support/observations.ts';

test('a fault that was seen for the first time is waited for, however plain it is', () => {
  assert.equal(answerOf(decideAfter(addressChanged(), 0)), 'wait SeenOnlyOnce');
});

test('two looks within the operator’s own blindness of 88 seconds count as one', () => {
  assert.equal(answerOf(decideAfter(addressChanged(), 88)), 'wait SeenOnlyOnce');
});

test('the second look counts after two minutes, and then the operator still has its chance', () => {
  assert.equal(answerOf(decideAfter(addressChanged(), 120)), 'wait OperatorGrace');
  assert.equal(answerOf(decideAfter(addressChanged(), 180)), 'proceed');
});

test('another fault on the same master is seen for the first time again', () => {
  const before = sightingOf({
    ...addressChanged('master-2', '10.78.0.99'),
    at: secondsAfter(lookedAt, -600),
  });
  assert.ok(before);
  const observation = { ...addressChanged(), before: { ...before, last: secondsAfter(lookedAt, -1) } };
  assert.equal(answerOf(decideEtcdRecovery(etcdDecisionOn(observation), digestOf)), 'wait SeenOnlyOnce');
});

test('a change of address stays the same fault when the operator takes the stale member away meanwhile', () => {
  const before = sightingOf({ ...addressChanged(), at: secondsAfter(lookedAt, -200) });
  assert.ok(before);
  const observation = { ...memberRemoved(addressChanged(), 'master-2'), before };
  assert.equal(sightingOf(observation)?.since, before.since);
});

test('a healthy look in between takes the earlier one back', () => {
  assert.equal(sightingOf(healthyCluster()), undefined);
});

test('looks of an hour ago say nothing about the time between', () => {
  const before = sightingOf({ ...addressChanged(), at: secondsAfter(lookedAt, -3_600) });
  assert.ok(before);
  const observation = { ...addressChanged(), before };
  assert.equal(answerOf(decideEtcdRecovery(etcdDecisionOn(observation), digestOf)), 'wait SeenOnlyOnce');
});

test('a clock that ran backwards makes nothing last longer', () => {
  const before = sightingOf({ ...addressChanged(), at: secondsAfter(lookedAt, 600) });
  assert.ok(before);
  const observation = { ...addressChanged(), before };
  assert.equal(answerOf(decideEtcdRecovery(etcdDecisionOn(observation), digestOf)), 'wait SeenOnlyOnce');
});

test('a Machine that still has the old address is waited for, and told as what it is', () => {
  const verdict = decideEtcd(machineBehind());
  assert.equal(answerOf(verdict), 'wait MachineLags');
  assert.ok(verdict.evidence.some(({ fact }) => fact.includes('10.78.0.13')));
});

test('healing in place does not wait for the Machine', () => {
  const policy = { ...defaultEtcdPolicy, inPlace: true };
  assert.equal(answerOf(decideEtcd(machineBehind(), { policy })), 'proceed');
});

test('a learner at the node’s new address means that somebody heals it: we look on', () => {
  const observation = memberRemoved(addressChanged());
  for (const { view } of observation.masters) {
    if (view.members.known)
      view.members.value.push({ ...memberOf('', 'abcdef', '10.78.0.23'), learner: true });
    if (view.reach.known) view.reach.value.push({ memberId: 'abcdef', healthy: true, detail: '' });
  }
  assert.equal(answerOf(decideEtcd(observation)), 'wait OperatorHealing');
});

test('an upgrade and a machine configuration are waited for before they are refused', () => {
  const upgrading = addressChanged();
  inside(upgrading.version).progressing = true;
  assert.equal(answerOf(decideEtcd(upgrading)), 'wait UpgradeInProgress');
  const rebooting = addressChanged();
  inside(rebooting.pools)[0]!.updating = true;
  assert.equal(answerOf(decideEtcd(rebooting)), 'wait MachineConfigRollOut');
});

test('a roll-out that moves is waited for, on whichever master it works', () => {
  for (const index of [0, 2]) {
    const observation = addressChanged();
    rollingOutAt(observation, index);
    assert.equal(answerOf(decideAfter(observation, 120)), 'wait RollOutInProgress', `master-${index}`);
  }
});

test('a roll-out that stands still for the broken member’s sake holds nothing up', () => {
  const observation = addressChanged();
  rollingOutAt(observation, 2);
  assert.equal(answerOf(decideAfter(observation, 299)), 'wait RollOutInProgress');
  assert.equal(answerOf(decideAfter(observation, 300)), 'proceed');
});

test('a roll-out that has moved since the look before is not one that stands still', () => {
  const earlier = addressChanged();
  rollingOutAt(earlier, 0);
  const before = sightingOf({ ...earlier, at: secondsAfter(lookedAt, -900) });
  assert.ok(before);
  const observation = { ...addressChanged(), before: { ...before, last: secondsAfter(lookedAt, -1) } };
  rollingOutAt(observation, 2);
  const verdict = decideEtcdRecovery(etcdDecisionOn(observation), digestOf);
  assert.equal(answerOf(verdict), 'wait RollOutInProgress');
});

function machineBehind(): EtcdObservation {
  const observation = addressChanged();
  const machine = inside(etcdMaster(observation, 'master-2').machine);
  if (machine.state === 'present') machine.addresses = ['10.78.0.13'];
  return observation;
}

/** The change came in mid-roll-out: the certificates stay those of the old address. */
function rollingOutAt(observation: EtcdObservation, index: number): void {
  const operator = inside(observation.operator);
  operator.latestAvailableRevision = 3;
  operator.nodeStatuses.forEach((one, at) => (one.currentRevision = at === index ? 2 : 3));
  Object.assign(operator.nodeStatuses[index]!, { targetRevision: 3 });
  operator.conditions = operator.conditions.filter(({ type }) => type !== 'RevisionControllerDegraded');
  const stale = certificatesFor('master-2', ['10.78.0.13']);
  etcdMaster(observation, 'master-2').certificates = known({ secrets: stale, inAllCerts: stale }, '');
}

/** As the kubelet shows it between the end of a container and the pause before its next start. */
function justFailed(): EtcdObservation {
  const observation = dataCorrupt();
  const pod = inside(etcdMaster(observation, 'master-2').pod);
  const etcd = pod.state === 'present' ? pod.containers.find(({ name }) => name === 'etcd') : undefined;
  Object.assign(etcd ?? {}, { state: 'terminated', reason: 'Error', restarts: 1 });
  return observation;
}

test('a member that has just failed, and whose disk says why, is looked at again for two minutes', () => {
  assert.equal(answerOf(decideAfter(justFailed(), 0)), 'wait SeenOnlyOnce');
  assert.equal(answerOf(decideAfter(justFailed(), 119)), 'wait SeenOnlyOnce');
  assert.equal(answerOf(decideAfter(justFailed(), 121)), 'refuse MemberTransientlyBad');
});

test('one of which nothing says why is refused at once', () => {
  const observation = justFailed();
  const host = inside(etcdMaster(observation, 'master-2').host);
  host.data.faults = [];
  host.log.dataCorrupt = 0;
  assert.equal(answerOf(decideAfter(observation, 0)), 'refuse MemberTransientlyBad');
});
