import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EtcdObservation } from '../../../domain/etcd/observation.ts';
import type { EtcdDecision } from '../../../domain/etcd/verdict.ts';
import { known, unknown } from '../../../domain/reading.ts';
import { etcdRefusals, type RefusalReason } from '../../../domain/verdict.ts';
import { answerOf, decideAfter, decideEtcd, etcdScripts } from '../../support/etcd-decisions.ts';
import {
  addressChanged,
  certificateBroken,
  crashLooping,
  dataCorrupt,
  dataLost,
  memberDown,
  memberRemoved,
} from '../../support/etcd-faults.ts';
import { etcdMaster, healthyCluster, inside, memberOf } from '../../support/etcd-observations.ts';
import { lease, listed, refusedChanges } from '../../support/etcd-refusals.ts';

/** Longer than every wait: what is waited for and does not come is refused in the end. */
const tooLong = 3_600;

const elsewhere: [string, RefusalReason, EtcdObservation, Partial<EtcdDecision>?][] = [
  ['all members are healthy', 'EtcdHealthy', healthyCluster()],
  [
    'two of five members are bad',
    'TwoMembersBad',
    memberDown(memberDown(healthyCluster(five()), 'm-1'), 'm-3'),
  ],
  ['one of four members is bad', 'UnexpectedMemberCount', memberDown(healthyCluster(five().slice(1)), 'm-3')],
  ['all members are healthy, and an alarm is raised', 'EtcdOutOfSpace', alarmed('NOSPACE')],
  ['all members are healthy, and say that their data differ', 'EtcdDataCorrupt', alarmed('CORRUPT')],
  ['a member belongs to no master', 'UnexpectedMemberCount', strayed()],
  ['the member was stopped a moment ago', 'MemberTransientlyBad', memberDown(healthyCluster(), 'master-2')],
  ['etcd fails for no known reason', 'FaultNotExplained', unexplained()],
  ['etcd fails for two reasons', 'FaultNotExplained', twice()],
  ['only the node itself says that data is lost, and nothing fails', 'MemberTransientlyBad', quietlyLost()],
  ['its disk is full', 'NotAnEtcdFault', diskFull()],
  ['nobody could look at the node', 'EvidenceIncomplete', unseen()],
  ['a learner is at no master’s address', 'LearnerInTheWay', with99({ learner: true })],
  [
    'a member that never started is at no master’s address',
    'LearnerInTheWay',
    with99({ name: '', clientUrls: [] }),
  ],
  ['two members are without a master', 'NoMemberMatches', twoStrangers()],
  [
    'a removed member’s pod is ready all the same',
    'FaultNotExplained',
    memberRemoved(memberDown(healthyCluster(), 'master-2')),
  ],
  ['one survivor has not said how it reaches the member', 'EvidenceIncomplete', silentSurvivor()],
  ['the learner never becomes a voter', 'LearnerInTheWay', joining()],
  ['the worker does not name its script', 'EvidenceIncomplete', dataCorrupt(), { scripts: {} }],
];

function five(): string[] {
  return ['m-0', 'm-1', 'm-2', 'm-3', 'm-4'];
}

function strayed(): EtcdObservation {
  const observation = healthyCluster();
  listed(observation, memberOf('ghost', 'abcdef', '10.78.0.99'));
  return observation;
}

function alarmed(type: 'NOSPACE' | 'CORRUPT'): EtcdObservation {
  const observation = healthyCluster();
  const { view } = etcdMaster(observation, 'master-0');
  inside(view.alarms).push({ memberId: inside(view.self).memberId, type });
  return observation;
}

function with99(change: object): EtcdObservation {
  const observation = dataLost();
  listed(observation, { ...memberOf('x', 'abcdef', '10.78.0.99'), ...change });
  return observation;
}

function twoStrangers(): EtcdObservation {
  const observation = addressChanged();
  listed(observation, memberOf('ghost', 'abcdef', '10.78.0.99'));
  return observation;
}

function silentSurvivor(): EtcdObservation {
  const observation = dataLost('m-3', healthyCluster(five()));
  inside(etcdMaster(observation, 'm-1').view.reach).splice(3, 1);
  return observation;
}

function unexplained(): EtcdObservation {
  const observation = memberDown(healthyCluster(), 'master-2');
  crashLooping(observation, 'master-2');
  return observation;
}

function twice(): EtcdObservation {
  const observation = certificateBroken();
  inside(etcdMaster(observation, 'master-2').host).data.state = 'empty';
  return observation;
}

function quietlyLost(): EtcdObservation {
  const observation = memberDown(healthyCluster(), 'master-2');
  inside(etcdMaster(observation, 'master-2').host).data.state = 'empty';
  return observation;
}

function diskFull(): EtcdObservation {
  const observation = dataLost();
  inside(etcdMaster(observation, 'master-2').host).log.diskFull = 3;
  return observation;
}

function unseen(): EtcdObservation {
  const observation = dataLost();
  etcdMaster(observation, 'master-2').host = unknown('ssh: connection refused', 'ssh master-2');
  return observation;
}

function joining(): EtcdObservation {
  const observation = memberRemoved(addressChanged());
  listed(observation, { ...memberOf('', 'abcdef', '10.78.0.23'), learner: true });
  return observation;
}

const cases = [
  ...refusedChanges.map(([name, reason, change, decision]) => {
    const observation = addressChanged();
    change(observation);
    return { name, reason, observation, decision };
  }),
  ...elsewhere.map(([name, reason, observation, decision]) => ({ name, reason, observation, decision })),
];

for (const { name, reason, observation, decision } of cases) {
  test(`it is refused as ${reason} when ${name}`, () => {
    const verdict = decideAfter(observation, tooLong, decision);
    assert.equal(answerOf(verdict), `refuse ${reason}`, verdict.because);
    assert.ok(verdict.evidence.length > 0, 'a refusal says what it rests on');
    assert.ok(verdict.kind === 'refuse' && verdict.handOver.includes(`#${reason.toLowerCase()}`));
    assert.match(verdict.because, /^\S.*\S\.$/, 'one sentence');
  });
}

test('every refusal of EtcdRecovery is reached by a case above', () => {
  // A snapshot exists only after the approval: that one is shown in snapshot.test.ts.
  const reached = new Set<string>([...cases.map(({ reason }) => reason), 'SnapshotNotVerified']);
  assert.deepEqual(
    etcdRefusals.filter((reason) => !reached.has(reason)),
    [],
  );
});

/** Beside each unsafe case the safe one that must not be mistaken for it. */
const allowed: [string, EtcdObservation, Partial<EtcdDecision>?][] = [
  ['an address changed', addressChanged()],
  ['its member has been removed already', memberRemoved(addressChanged())],
  ['one of five members is bad', addressChanged('m-3', '10.78.0.99', healthyCluster(five()))],
  [
    'the one of five was removed already',
    memberRemoved(addressChanged('m-3', '10.78.0.99', healthyCluster(five())), 'm-3'),
  ],
  ['data is lost', dataLost()],
  ['data is corrupt', dataCorrupt()],
  ['a certificate cannot be loaded', certificateBroken()],
  ['no master has a Machine', withoutMachines()],
  ['the override is our own', ourOverride(), { owner: { workflow: 'recovery/lab', run: 'this-run' } }],
  ['other overrides are set', otherOverrides()],
  ['ssh to the node is closed', withoutSsh()],
  [
    'it is named',
    addressChanged(),
    { request: { cluster: 'lab', node: 'master-2', requester: 'anna', origin: 'cli' } },
  ],
];

function withoutMachines(): EtcdObservation {
  const observation = addressChanged();
  for (const master of observation.masters) master.machine = known({ state: 'none' }, '');
  return observation;
}

function ourOverride(): EtcdObservation {
  const observation = addressChanged();
  lease(observation, 'this-run');
  return observation;
}

function otherOverrides(): EtcdObservation {
  const observation = addressChanged();
  inside(observation.operator).overrides = { foo: 1 };
  return observation;
}

function withoutSsh(): EtcdObservation {
  const observation = addressChanged();
  etcdMaster(observation, 'master-2').host = unknown('ssh: connection refused', 'ssh master-2');
  return observation;
}

test('a survivor that did not say who it is, so that nobody is left to speak for another, is named in the evidence', () => {
  const observation = dataLost();
  etcdMaster(observation, 'master-0').view.self = unknown('context deadline exceeded', 'etcdctl on master-0');
  const verdict = decideEtcd(observation);
  assert.equal(answerOf(verdict), 'refuse EvidenceIncomplete');
  const { evidence } = verdict as { evidence: { fact: string }[] };
  assert.match(evidence.map(({ fact }) => fact).join('\n'), /who etcd on master-0 is: .*deadline exceeded/);
});

for (const [name, observation, decision] of allowed) {
  test(`it proceeds when ${name}`, () => {
    const verdict = decideEtcd(observation, { scripts: etcdScripts, ...decision });
    assert.equal(answerOf(verdict), 'proceed', verdict.because);
  });
}
