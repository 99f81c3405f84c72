import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultEtcdPolicy } from '../../../domain/etcd/policy.ts';
import type { EtcdObservation } from '../../../domain/etcd/observation.ts';
import { riskOf } from '../../../domain/plan.ts';
import { known, unknown } from '../../../domain/reading.ts';
import { idsOf, planFor } from '../../support/etcd-decisions.ts';
import {
  addressChanged,
  certificateBroken,
  crashLooping,
  dataCorrupt,
  dataLost,
  memberDown,
  memberRemoved,
} from '../../support/etcd-faults.ts';
import {
  certificatesFor,
  condition,
  etcdMaster,
  healthyCluster,
  inside,
  podOf,
  replaceCondition,
} from '../../support/etcd-observations.ts';

const around = (...steps: string[]) => [
  'snapshot',
  'copy-off-node',
  'pause-remediators',
  ...steps,
  'verify',
  'resume-remediators',
];

test('a changed address is replaced: removal, override, roll-out, voter', () => {
  const plan = planFor(addressChanged());
  assert.deepEqual(idsOf(plan), around('remove-member', 'override-lease', 'await-rollout', 'await-voter'));
  assert.equal(riskOf(plan), 'irreversible');
});

test('a member that was removed already is not removed, and there is no point of no return', () => {
  const plan = planFor(memberRemoved(addressChanged()));
  assert.deepEqual(idsOf(plan), around('override-lease', 'await-rollout', 'await-voter'));
  assert.equal(plan.pins.target.member, undefined);
  assert.ok(plan.steps.every(({ pointOfNoReturn }) => !pointOfNoReturn));
});

test('lost data needs no override: the pod waits, and is added', () => {
  assert.deepEqual(idsOf(planFor(dataLost())), around('remove-member', 'await-voter'));
});

test('corrupt data is set aside before the member is removed, by a script that the vote covers', () => {
  const plan = planFor(dataCorrupt());
  assert.deepEqual(idsOf(plan), around('quarantine', 'remove-member', 'await-voter'));
  const step = plan.steps.find(({ id }) => id === 'quarantine');
  assert.equal(step?.script?.sha256, plan.pins.scripts['quarantine-etcd.sh']);
  assert.match(step?.undo ?? '', /never after it was removed; the manifest goes back in either case/);
});

test('a bad certificate file costs no member: its data is sound', () => {
  const plan = planFor(certificateBroken());
  assert.deepEqual(idsOf(plan), around('override-lease', 'await-rollout', 'await-voter'));
  assert.equal(plan.pins.strategy, 'rewrite');
});

test('a manifest that is not its revision’s costs no member either', () => {
  const observation = memberDown(healthyCluster(), 'master-2');
  inside(etcdMaster(observation, 'master-2').host).manifest = { state: 'unparsable' };
  etcdMaster(observation, 'master-2').pod = known({ state: 'absent' }, '');
  const plan = planFor(observation);
  assert.equal(plan.pins.cause, 'manifest');
  assert.deepEqual(idsOf(plan), around('override-lease', 'await-rollout', 'await-voter'));
});

test('a member that was removed at its own address and not added again gets a new revision', () => {
  const plan = planFor(memberRemoved(dataLost()));
  assert.equal(plan.pins.cause, 'not-rejoined');
  assert.deepEqual(idsOf(plan), around('override-lease', 'await-rollout', 'await-voter'));
});

test('in place, as only the policy can ask for, it keeps its identity and can go back', () => {
  const plan = planFor(addressChanged(), { policy: { ...defaultEtcdPolicy, inPlace: true } });
  assert.deepEqual(idsOf(plan), around('update-member', 'override-lease', 'await-rollout', 'await-voter'));
  assert.equal(plan.pins.target.newPeerUrl, 'https://10.78.0.23:2380');
  assert.ok(plan.steps.every(({ pointOfNoReturn }) => !pointOfNoReturn));
  assert.match(plan.because, /does not document/);
});

test('in place is no way for a member that is gone, or whose data is', () => {
  const policy = { ...defaultEtcdPolicy, inPlace: true };
  assert.equal(planFor(memberRemoved(addressChanged()), { policy }).pins.strategy, 'replace');
  assert.equal(planFor(dataLost(), { policy }).pins.strategy, 'replace');
});

test('the change in mid-roll-out: the signer is set off by one key, the gate is open, nothing is overridden', () => {
  const observation = addressChanged();
  const operator = inside(observation.operator);
  operator.latestAvailableRevision = 3;
  operator.nodeStatuses.forEach((one) => (one.currentRevision = 3));
  Object.assign(operator.nodeStatuses[2]!, { currentRevision: 2, targetRevision: 3 });
  replaceCondition(operator, condition('RevisionControllerDegraded', 'False', 'AsExpected', ''));
  certificatesOf(observation, ['10.78.0.13'], ['10.78.0.13']);
  const plan = planFor(observation);
  assert.deepEqual(
    idsOf(plan),
    around('renew-certificates', 'remove-member', 'await-rollout', 'await-voter'),
  );
  assert.equal(plan.pins.certificates.cure, 'drop-from-all-certs');
  const changes = plan.steps.find(({ id }) => id === 'renew-certificates')?.changes ?? [];
  assert.match(changes[0]?.what ?? '', /etcd-all-certs, key etcd-serving-master-2\.key/);
});

test('bad files on the node are written anew in mid-roll-out too: waiting alone would mend nothing', () => {
  const observation = certificateBroken();
  const operator = inside(observation.operator);
  operator.latestAvailableRevision = 3;
  operator.nodeStatuses.forEach((one) => (one.currentRevision = 3));
  Object.assign(operator.nodeStatuses[2]!, { currentRevision: 2, targetRevision: 3 });
  assert.deepEqual(idsOf(planFor(observation)), around('override-lease', 'await-rollout', 'await-voter'));
});

test('a member that goes on running alone and answers for itself is as dead to the others', () => {
  const observation = addressChanged();
  const own = healthyCluster().masters[2]!.view;
  Object.assign(etcdMaster(observation, 'master-2').view, { self: own.self, status: own.status });
  assert.equal(planFor(observation).pins.target.member?.id, '8e9e05c52164694f');
});

test('at settled revisions exactly the secrets that are stale are deleted', () => {
  const observation = addressChanged();
  certificatesOf(observation, ['10.78.0.13'], ['10.78.0.13']);
  const { secrets } = inside(etcdMaster(observation, 'master-2').certificates);
  secrets[2] = certificatesFor('master-2', ['10.78.0.23'])[2]!;
  const { inAllCerts } = inside(etcdMaster(observation, 'master-2').certificates);
  inAllCerts[2] = certificatesFor('master-2', ['10.78.0.23'])[2]!;
  assert.deepEqual(planFor(observation).pins.certificates, {
    cure: 'delete-secrets',
    secrets: ['etcd-peer-master-2', 'etcd-serving-master-2'],
  });
});

test('certificates that are stale only inside etcd-all-certs are seen, and no secret is deleted for them', () => {
  const observation = addressChanged();
  certificatesOf(observation, ['10.78.0.23'], ['10.78.0.13']);
  assert.equal(planFor(observation).pins.certificates.cure, 'drop-from-all-certs');
});

test('with everything behind the gate the override itself renews the certificates', () => {
  const plan = planFor(on416());
  assert.equal(plan.pins.operator, 'all-gated');
  assert.equal(plan.pins.certificates.cure, 'operator');
  assert.deepEqual(idsOf(plan), around('remove-member', 'override-lease', 'await-rollout', 'await-voter'));
});

test('whoever removes is a survivor with room, never the member itself', () => {
  for (const [observation, executor] of [
    [addressChanged('master-0'), 'master-1'],
    [addressChanged('master-1'), 'master-0'],
    [withoutRoom('master-0'), 'master-1'],
  ] as const) {
    if (observation.masters[0]?.view.self.known === false) leaderIs(observation, 'master-1');
    assert.equal(planFor(observation).pins.executor.node, executor);
  }
});

test('remediators that were paused before are neither paused nor resumed', () => {
  const observation = addressChanged();
  inside(observation.remediators)[0]!.paused = true;
  const plan = planFor(observation);
  assert.ok(!idsOf(plan).some((id) => id.endsWith('remediators')));
});

test('remediators that a run of ours has left paused are taken over and resumed, and the plan names that run', () => {
  const observation = addressChanged();
  const [check] = inside(observation.remediators);
  check!.pausedBy = ['0123456789ab'];
  const plan = planFor(observation);
  assert.deepEqual(
    plan.steps.filter(({ id }) => id.endsWith('remediators')).map(({ changes: [change] }) => change?.from),
    ['paused by run 0123456789ab, and taken over if that is over', 'paused by this run'],
  );
  // After a Reset the run finds its own word.
  check!.pausedBy = [plan.pins.runId];
  const pause = planFor(observation).steps.find(({ id }) => id === 'pause-remediators');
  assert.equal(pause?.changes[0]?.from, 'paused by this run already');
});

test('remediators of workers are left alone', () => {
  const observation = addressChanged();
  inside(observation.remediators)[0]!.coversMasters = false;
  assert.deepEqual(planFor(observation).pins.remediators, []);
});

test('with three voters it says that one more failure is an outage, with five that one more may fail', () => {
  assert.match(planFor(addressChanged()).residualRisk[0] ?? '', /one more failure is an outage/);
  const five = healthyCluster(['m-0', 'm-1', 'm-2', 'm-3', 'm-4']);
  assert.match(planFor(addressChanged('m-3', '10.78.0.99', five)).residualRisk[0] ?? '', /1 more may fail/);
});

test('an etcd that stores promotions where 3.6 does not look is told of', () => {
  const observation = addressChanged();
  for (const { view } of observation.masters) if (view.status.known) view.status.value.version = '3.5.16';
  assert.ok(planFor(observation).residualRisk.some((risk) => risk.includes('3.5.20')));
  assert.ok(!planFor(addressChanged()).residualRisk.some((risk) => risk.includes('3.5.20')));
});

test('a pod that refuses its address in an init container, where no condition shows it, is an address change', () => {
  const observation = addressChanged();
  const pod = podOf(observation, 'master-2');
  crashLooping(observation, 'master-2');
  pod.containers[0] = {
    ...pod.containers[0]!,
    ready: false,
    state: 'waiting',
    reason: 'CrashLoopBackOff',
    restarts: 7,
  };
  assert.equal(planFor(observation).pins.cause, 'address-changed');
});

test('another master’s pod of an older revision does not turn lost data into a change of address', () => {
  const observation = dataLost();
  podOf(observation, 'master-0').env['NODE_master_2_IP'] = '10.78.0.3';
  assert.equal(planFor(observation).pins.cause, 'data-lost');
});

test('what ssh does not show is not needed for a changed address', () => {
  const observation = addressChanged();
  etcdMaster(observation, 'master-2').host = unknown('refused', '');
  assert.deepEqual(idsOf(planFor(observation)), idsOf(planFor(addressChanged())));
});

function certificatesOf(observation: EtcdObservation, secrets: string[], inAllCerts: string[]): void {
  etcdMaster(observation, 'master-2').certificates = known(
    { secrets: certificatesFor('master-2', secrets), inAllCerts: certificatesFor('master-2', inAllCerts) },
    '',
  );
}

function on416(): EtcdObservation {
  const observation = addressChanged();
  inside(observation.version).version = '4.16.21';
  const operator = inside(observation.operator);
  const message =
    "EtcdEndpointsController can't evaluate whether quorum is safe: etcd cluster has quorum of 2 and 2 healthy members which is not fault tolerant";
  replaceCondition(operator, condition('RevisionControllerDegraded', 'False', 'AsExpected', ''));
  replaceCondition(
    operator,
    condition('EtcdEndpointsDegraded', 'True', 'ErrorUpdatingEtcdEndpoints', message),
  );
  certificatesOf(observation, ['10.78.0.13'], ['10.78.0.13']);
  return observation;
}

function withoutRoom(name: string): EtcdObservation {
  const observation = addressChanged();
  inside(etcdMaster(observation, name).room).freeBytes = 0;
  return observation;
}

function leaderIs(observation: EtcdObservation, name: string): void {
  const id = inside(etcdMaster(observation, name).view.self).memberId;
  for (const { view } of observation.masters) if (view.status.known) view.status.value.leader = id;
}
