import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostsOf, includesHost } from '../../../domain/etcd/addresses.ts';
import type { EtcdObservation } from '../../../domain/etcd/observation.ts';
import type { EtcdPlan } from '../../../domain/etcd/plan.ts';
import { defaultEtcdPolicy } from '../../../domain/etcd/policy.ts';
import { known, unknown, valueOf } from '../../../domain/reading.ts';
import { answerOf, decideEtcd, etcdDecisionOn, seenFor } from '../../support/etcd-decisions.ts';
import { digestOf } from '../../../activities/decide/index.ts';
import { decideEtcdRecovery } from '../../../domain/etcd/verdict.ts';
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
  condition,
  etcdMaster,
  healthyCluster,
  inside,
  podOf,
  replaceCondition,
} from '../../support/etcd-observations.ts';

/** What must never happen, over many looks instead of a few. */

const five = ['m-0', 'm-1', 'm-2', 'm-3', 'm-4'];

const cases: Record<string, () => EtcdObservation> = {
  'a changed address': () => addressChanged(),
  'lost data': () => dataLost(),
  'corrupt data': () => dataCorrupt(),
  'a bad certificate': () => certificateBroken(),
  'a removed member': () => memberRemoved(addressChanged()),
  'one of five': () => addressChanged('m-3', '10.78.0.99', healthyCluster(five)),
};

/** Every reading in an observation, by its path. */
function readingsIn(value: unknown, path: string[] = []): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = 'known' in value ? [path.join('.')] : [];
  return [...own, ...Object.entries(value).flatMap(([key, inner]) => readingsIn(inner, [...path, key]))];
}

function forget(observation: EtcdObservation, path: string): void {
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let at = observation as unknown as Record<string, unknown>; // the path was read off this very object
  for (const key of keys) at = at[key] as Record<string, unknown>;
  at[last] = unknown('timed out after 5 s', 'a test');
}

/** What a decision can do without, and why. Everything else that is not known means no. */
function isNeedless(path: string, target: number, name: string): boolean {
  const [, index, part] = path.split('.');
  if (!path.startsWith('masters.')) return false;
  const isTarget = Number(index) === target;
  // The broken member says nothing anyway; where it is taken from, a snapshot is not.
  if (isTarget && (part === 'view' || part === 'room')) return true;
  // Only data and files at the same address are seen on the node; a survivor's own files are not asked after.
  if (part === 'host') return !isTarget || !['lost data', 'corrupt data', 'a bad certificate'].includes(name);
  // A survivor's kubelet and certificates are not touched, and another survivor may have room.
  if (!isTarget && ['kubelet', 'certificates', 'room'].includes(part ?? '')) return true;
  // A member that keeps its place needs no Machine.
  return isTarget && part === 'machine' && name === 'a bad certificate';
}

for (const [name, fixture] of Object.entries(cases)) {
  test(`${name}: whichever needed reading is unknown, it never proceeds`, () => {
    const target = name === 'one of five' ? 3 : 2;
    assert.equal(answerOf(decideEtcd(fixture())), 'proceed');
    let needed = 0;
    for (const path of readingsIn(fixture())) {
      const observation = fixture();
      const { before } = seenFor(observation, 600);
      forget(observation, path);
      // Known from the looks before, too: what is forgotten is forgotten now.
      const verdict = decideEtcdRecovery(
        { ...etcdDecisionOn({ ...observation, ...(before ? { before } : {}) }) },
        digestOf,
      );
      if (isNeedless(path, target, name)) continue;
      needed++;
      assert.notEqual(answerOf(verdict), 'proceed', path);
    }
    assert.ok(needed > 20, `${needed} readings were needed`);
  });
}

type Wound = [string, (observation: EtcdObservation, node: string) => unknown];

const wounds: Wound[] = [
  ['does not answer', (seen, node) => memberDown(seen, node)],
  ['has lost its data', (seen, node) => dataLost(node, seen)],
  ['has corrupt data', (seen, node) => dataCorrupt(node, seen)],
  ['has another address', (seen, node) => addressChanged(node, '10.78.0.88', seen)],
  ['fails on its certificate', (seen, node) => certificateBroken(node, seen)],
];

for (const [name, wound] of wounds) {
  test(`when a second member ${name}, nothing ever proceeds, with three members or five`, () => {
    for (const [first, inflict] of wounds) {
      for (const names of [['m-0', 'm-1', 'm-2'], five]) {
        for (const other of names.filter((one) => one !== 'm-1')) {
          const observation = healthyCluster(names);
          inflict(observation, 'm-1');
          wound(observation, other);
          const verdict = decideEtcd(observation);
          assert.equal(verdict.kind, 'refuse', `${first}, and ${other} ${name}: ${answerOf(verdict)}`);
        }
      }
    }
  });
}

test('under a foreign override nothing ever proceeds, not even with all else in order', () => {
  for (const fixture of Object.values(cases)) {
    const observation = fixture();
    inside(observation.operator).lease = { state: 'foreign', evidence: ['it is true'] };
    assert.equal(answerOf(decideEtcd(observation)), 'refuse ForeignOverride');
  }
});

/** Things that go wrong besides, each on a master that chance picks. */
const accidents: ((observation: EtcdObservation, node: string) => unknown)[] = [
  ...wounds.map(([, inflict]) => inflict),
  (seen, node) => crashLooping(seen, node),
  (seen, node) => memberRemoved(seen, node),
  (seen, node) => (inside(etcdMaster(seen, node).node).ready = 'Unknown'),
  (seen, node) => (etcdMaster(seen, node).kubelet = unknown('refused', '')),
  (seen, node) => (etcdMaster(seen, node).view.members = unknown('timed out', '')),
  (seen, node) => (etcdMaster(seen, node).view.read = known({ healthy: true, detail: '' }, '')),
  (seen, node) => (etcdMaster(seen, node).machine = known({ state: 'none' }, '')),
  (seen, node) => (podOf(seen, node).env = {}),
  (seen, node) => (podOf(seen, node).env['NODE_m_0_IP'] = '10.78.0.66'),
  (seen, node) => inside(etcdMaster(seen, node).node).internalIps.push('10.78.0.12'),
  (seen) => replaceCondition(inside(seen.operator), condition('RevisionControllerDegraded', 'False', '', '')),
  (seen) => (inside(seen.operator).lease = { state: 'foreign', evidence: [] }),
  (seen) => (inside(seen.operator).latestAvailableRevision = 3),
  (seen, node) => {
    const { alarms } = etcdMaster(seen, node).view;
    if (alarms.known) alarms.value.push({ memberId: 'x', type: 'NOSPACE' });
  },
  (seen, node) => {
    const { members } = etcdMaster(seen, node).view;
    if (members.known && members.value[0]) members.value[0].learner = true;
  },
];

/** The same on every run, so that a failure can be looked at again. */
function pickerFrom(seed: number): <T>(items: readonly T[]) => T {
  let state = seed;
  return (items) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return items[Math.floor((state / 2 ** 32) * items.length)]!;
  };
}

test('over 2,000 looks with up to three accidents, every plan keeps a quorum, one target and no foreign word', () => {
  const pick = pickerFrom(20_261_122);
  const seen = new Map<string, number>();
  for (let round = 0; round < 2_000; round++) {
    const names = pick([five.slice(0, 3), five]);
    const observation = healthyCluster(names);
    for (let count = pick([1, 1, 2, 2, 3]); count > 0; count--)
      attempt(pick(accidents), observation, pick(names));
    const policy = { ...defaultEtcdPolicy, inPlace: pick([true, false]) };
    const verdict = decideEtcd(observation, { policy });
    const answer = answerOf(verdict);
    seen.set(answer, (seen.get(answer) ?? 0) + 1);
    if (verdict.kind === 'proceed') assertSafe(observation, verdict.plan);
  }
  assert.ok((seen.get('proceed') ?? 0) > 100, JSON.stringify([...seen]));
  assert.ok(seen.size > 12, 'many different answers, or this proves little');
});

/** Two accidents may not fit together, such as a second removal of the same member. */
function attempt(accident: (typeof accidents)[number], observation: EtcdObservation, node: string): void {
  try {
    accident(observation, node);
  } catch (error) {
    if (!(error instanceof Error && error.message.includes('fixture'))) throw error;
  }
}

function assertSafe(observation: EtcdObservation, { pins, steps }: EtcdPlan): void {
  const { target, executor, survivors } = pins;
  assert.equal(survivors.length, observation.masters.length - 1, 'all but the target vouch for it');
  assert.ok(survivors.every(({ node }) => node !== target.node) && executor.node !== target.node);
  assert.equal(valueOf(observation.operator)?.lease.state, 'free');
  for (const { node, memberId } of survivors) {
    const { view } = etcdMaster(observation, node);
    assert.equal(inside(view.read).healthy, true);
    assert.deepEqual(inside(view.alarms), []);
    const members = inside(view.members);
    assert.ok(members.every(({ learner }) => !learner));
    assert.equal(members.length, observation.masters.length - (target.member ? 0 : 1));
    assert.notEqual(memberId, target.member?.id);
    const reached = inside(view.reach).find((one) => one.memberId === target.member?.id);
    assert.equal(reached?.healthy, target.member ? false : undefined);
    const own = members.find(({ id }) => id === memberId);
    const addresses = inside(etcdMaster(observation, node).node).internalIps;
    assert.ok(hostsOf(own?.peerUrls ?? []).some((host) => includesHost(addresses, host)));
  }
  assert.equal(
    steps.some(({ id }) => id === 'remove-member'),
    pins.strategy === 'replace' && target.member !== undefined,
  );
}
