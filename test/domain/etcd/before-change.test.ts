import assert from 'node:assert/strict';
import { test } from 'node:test';
import { membershipOf, objectionToChange } from '../../../domain/etcd/before-change.ts';
import type { EtcdObservation } from '../../../domain/etcd/observation.ts';
import { defaultEtcdPolicy } from '../../../domain/etcd/policy.ts';
import { unknown } from '../../../domain/reading.ts';
import { planFor } from '../../support/etcd-decisions.ts';
import { replaced } from '../../support/etcd-healed.ts';
import { addressChanged, dataCorrupt, memberDown, memberRemoved } from '../../support/etcd-faults.ts';
import { etcdMaster, healthyCluster, inside } from '../../support/etcd-observations.ts';
import { lease } from '../../support/etcd-refusals.ts';

const policy = defaultEtcdPolicy;
const plan = planFor(addressChanged());
const inPlace = planFor(addressChanged(), { policy: { ...policy, inPlace: true } });

test('what was approved and still is so may be done', () => {
  assert.equal(objectionToChange(addressChanged(), plan, { policy }), undefined);
  assert.equal(objectionToChange(addressChanged(), inPlace, { policy }), undefined);
});

test('a removal whose reply was lost is found done by asking every survivor', () => {
  const observation = memberRemoved(addressChanged());
  assert.equal(membershipOf(observation.masters, plan.pins), 'removed');
  assert.equal(objectionToChange(observation, plan, { policy }), undefined);
});

test('a removal that one survivor has not heard of is not done yet, and is not repeated', () => {
  const observation = memberRemoved(addressChanged());
  etcdMaster(observation, 'master-1').view.members = etcdMaster(addressChanged(), 'master-1').view.members;
  assert.equal(membershipOf(observation.masters, plan.pins), 'unclear');
  assert.match(objectionToChange(observation, plan, { policy }) ?? '', /unclear/);
});

test('a survivor that cannot be asked leaves it unclear', () => {
  const observation = memberRemoved(addressChanged());
  etcdMaster(observation, 'master-1').view.members = unknown('timed out', '');
  assert.equal(membershipOf(observation.masters, plan.pins), 'unclear');
});

test('"not found" from another cluster, or from a member that nobody knows, is no answer', () => {
  const elsewhere = memberRemoved(addressChanged());
  inside(etcdMaster(elsewhere, 'master-0').view.self).clusterId = 'deadbeef';
  assert.equal(membershipOf(elsewhere.masters, plan.pins), 'unclear');
  const stranger = memberRemoved(addressChanged());
  inside(etcdMaster(stranger, 'master-0').view.self).memberId = 'abcdef';
  assert.equal(membershipOf(stranger.masters, plan.pins), 'unclear');
});

test('lists that are empty, as a helper without a network returns them, prove no removal', () => {
  const observation = addressChanged();
  for (const { view } of observation.masters) if (view.members.known) view.members.value = [];
  assert.equal(membershipOf(observation.masters, plan.pins), 'unclear');
});

test('once the operator has put the healthy new member there, nothing more is removed', () => {
  assert.equal(membershipOf(replaced(plan).masters, plan.pins), 'removed');
});

test('in place, a peer URL that is written already is done, and any other is not ours', () => {
  const updated = withPeerUrl('https://10.78.0.23:2380');
  assert.equal(membershipOf(updated.masters, inPlace.pins), 'updated');
  assert.equal(objectionToChange(updated, inPlace, { policy }), undefined);
  assert.equal(membershipOf(updated.masters, plan.pins), 'changed', 'a removal was not about that');
  assert.match(
    objectionToChange(withPeerUrl('https://10.78.0.5:2380'), inPlace, { policy }) ?? '',
    /changed/,
  );
});

const objections: [string, RegExp, (observation: EtcdObservation) => unknown][] = [
  ['a survivor has failed meanwhile', /quorum/, (seen) => memberDown(seen, 'master-0')],
  [
    'a survivor answers no linearizable read any more',
    /learnt|agree/,
    (seen) => (inside(etcdMaster(seen, 'master-0').view.read).healthy = false),
  ],
  [
    'the member has come back',
    /do not agree|healthy/,
    (seen) =>
      [0, 1].forEach((at) =>
        inside(seen.masters[at]!.view.reach).forEach((one) => Object.assign(one, { healthy: true })),
      ),
  ],
  [
    'an alarm was raised',
    /NOSPACE/,
    (seen) => inside(etcdMaster(seen, 'master-0').view.alarms).push({ memberId: 'x', type: 'NOSPACE' }),
  ],
  [
    'an election goes on',
    /leader/,
    (seen) => (inside(etcdMaster(seen, 'master-0').view.status).leader = '0'),
  ],
  [
    'the node was reinstalled',
    /another one/,
    (seen) => (inside(etcdMaster(seen, 'master-2').node).uid = 'other'),
  ],
  [
    'the node has yet another address',
    /another one|other addresses/,
    (seen) => (inside(etcdMaster(seen, 'master-2').node).internalIps = ['10.78.0.24']),
  ],
  [
    'somebody has set the override',
    /somebody else/,
    (seen) => (inside(seen.operator).lease = { state: 'foreign', evidence: ['true'] }),
  ],
  ['the API is gone', /API/, (seen) => (seen.api = unknown('ECONNREFUSED', ''))],
];

for (const [name, expected, change] of objections) {
  test(`nothing is removed when ${name} since the vote`, () => {
    const observation = addressChanged();
    change(observation);
    assert.match(objectionToChange(observation, plan, { policy }) ?? 'no objection', expected);
  });
}

/** Quarantine moves whatever lies there, by no id: its plan may pin the member that was bad, or none at all. */
const moves: [string, EtcdObservation][] = [
  ['with a pinned member', dataCorrupt()],
  ['without one', memberRemoved(dataCorrupt())],
];

for (const [name, seen] of moves) {
  const moving = planFor(seen);

  test(`data that is still bad may be moved, ${name}`, () => {
    assert.equal(objectionToChange(seen, moving, { policy }, 'data'), undefined);
  });

  test(`the data of a healthy member that has joined since is never moved, ${name}`, () => {
    const because = objectionToChange(replaced(moving), moving, { policy }, 'data');
    assert.match(because ?? 'no objection', /healthy/);
  });
}

test('where the operator has taken the bad member away meanwhile its data may still be moved', () => {
  const moving = planFor(dataCorrupt());
  const gone = memberRemoved(dataCorrupt());
  assert.equal(membershipOf(gone.masters, moving.pins), 'removed');
  assert.equal(objectionToChange(gone, moving, { policy }, 'data'), undefined);
});

test('data is not moved from under another member that is broken in the same place', () => {
  const moving = planFor(memberRemoved(dataCorrupt()));
  const because = objectionToChange(dataCorrupt(), moving, { policy }, 'data');
  assert.match(because ?? 'no objection', /place without a member/);
});

test('a plan that pins no member asks before it acts, too: a healthy cluster needs no override', () => {
  const rejoining = planFor(memberRemoved(addressChanged()));
  assert.equal(objectionToChange(memberRemoved(addressChanged()), rejoining, { policy }), undefined);
  assert.match(objectionToChange(replaced(rejoining), rejoining, { policy }) ?? '', /healthy/);
});

test('the run’s own override is no objection', () => {
  const observation = addressChanged();
  lease(observation, 'r');
  const owner = { workflow: 'recovery/lab', run: 'r' };
  assert.equal(objectionToChange(observation, plan, { policy, owner }), undefined);
  assert.match(objectionToChange(observation, plan, { policy }) ?? '', /another run/);
});

test('a cluster that is whole again is left alone', () => {
  assert.match(objectionToChange(healthyCluster(), plan, { policy }) ?? '', /healthy/);
});

function withPeerUrl(url: string): EtcdObservation {
  const observation = addressChanged();
  for (const { view } of observation.masters) if (view.members.known) view.members.value[2]!.peerUrls = [url];
  return observation;
}
