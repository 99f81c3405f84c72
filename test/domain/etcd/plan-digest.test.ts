import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EtcdObservation } from '../../../domain/etcd/observation.ts';
import type { EtcdPlan } from '../../../domain/etcd/plan.ts';
import { known } from '../../../domain/reading.ts';
import { answerOf, decideEtcd, planFor } from '../../support/etcd-decisions.ts';
import {
  addressChanged,
  certificateBroken,
  dataCorrupt,
  dataLost,
  memberRemoved,
} from '../../support/etcd-faults.ts';
import { etcdMaster, inside } from '../../support/etcd-observations.ts';
import { secondsAfter } from '../../support/observations.ts';

const stable: [string, () => EtcdObservation][] = [
  ['a changed address', () => addressChanged()],
  ['lost data', () => dataLost()],
  ['corrupt data', () => dataCorrupt()],
  ['a bad certificate', () => certificateBroken()],
  ['a removed member', () => memberRemoved(addressChanged())],
];

for (const [name, fixture] of stable) {
  test(`${name}: two looks give the same digest, for else no vote would hold`, () => {
    const first = decideEtcd(fixture());
    const second = decideEtcd(later(fixture()));
    assert.equal(answerOf(first), 'proceed');
    assert.equal(second.kind === 'proceed' && second.digest, first.kind === 'proceed' && first.digest);
  });
}

const binding: [string, (observation: EtcdObservation) => unknown][] = [
  ['another member', (seen) => everyId(seen, '8e9e05c52164694f', '8e9e05c521646950')],
  [
    'another new address',
    (seen) => Object.assign(inside(etcdMaster(seen, 'master-2').node), { internalIps: ['10.78.0.77'] }),
  ],
  [
    'another Node of the same name',
    (seen) => (inside(etcdMaster(seen, 'master-2').node).uid = 'reinstalled'),
  ],
  ['another key for the copy', (seen) => (inside(seen.copies).recipient = 'age1other')],
  ['another cluster', (seen) => everyId(seen, 'cdf818194e3a8c32', 'cdf818194e3a8c33')],
  ['other remediators', (seen) => (seen.remediators = known([], ''))],
];

for (const [name, change] of binding) {
  test(`a vote for one plan does not hold for ${name}`, () => {
    const observation = addressChanged();
    change(observation);
    const other = decideEtcd(observation);
    const first = decideEtcd(addressChanged());
    assert.notEqual(other.kind === 'proceed' && other.digest, first.kind === 'proceed' && first.digest);
  });
}

test('every step says how it is undone, or that it cannot be, and what proves it', () => {
  const plans = stable.map(([, fixture]) => planFor(fixture()));
  for (const step of plans.flatMap((plan: EtcdPlan) => plan.steps)) {
    assert.ok(step.proof !== '' && step.sentence !== '', step.id);
    assert.equal(step.undo === undefined, step.pointOfNoReturn === true, step.id);
  }
});

test('no step before the removal is one that cannot be taken back', () => {
  for (const [, fixture] of stable) {
    const { steps } = planFor(fixture());
    const at = steps.findIndex(({ pointOfNoReturn }) => pointOfNoReturn);
    assert.ok(steps.slice(0, Math.max(at, 0)).every(({ risk }) => risk === 'reversible'));
  }
});

test('neither the snapshot, its copy nor the removal can be skipped', () => {
  const { steps } = planFor(addressChanged());
  for (const id of ['snapshot', 'copy-off-node', 'remove-member', 'verify'])
    assert.equal(steps.find((step) => step.id === id)?.skipMeans, undefined, id);
});

/** Everything that moves while a fault stays the same has moved. */
function later(observation: EtcdObservation): EtcdObservation {
  observation.at = secondsAfter(observation.at, 77);
  for (const { view, pod, room } of observation.masters) {
    if (view.status.known) {
      view.status.value.raftIndex += 400;
      view.status.value.raftAppliedIndex += 400;
      view.status.value.revision += 377;
      view.status.value.dbSizeBytes += 4_096;
      view.status.value.raftTerm += 1;
    }
    if (room.known) room.value.freeBytes -= 5_000_000;
    if (pod.known && pod.value.state === 'present') for (const one of pod.value.containers) one.restarts += 3;
  }
  for (const { view } of observation.masters)
    if (view.status.known) view.status.value.leader = '8e9e05c52164694e';
  inside(observation.operator).resourceVersion = '1044';
  inside(observation.api).server = 'https://10.78.0.12:6443';
  return observation;
}

function everyId(observation: EtcdObservation, from: string, to: string): void {
  const text = JSON.stringify(observation.masters).replaceAll(from, to);
  observation.masters = JSON.parse(text);
}
