import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  waitsForMachine,
  wantingForRevision,
  wantingForRollOut,
  wantingForVoter,
} from '../../../domain/etcd/goals.ts';
import type { EtcdMember, EtcdObservation } from '../../../domain/etcd/observation.ts';
import { gateOf } from '../../../domain/etcd/operator-kind.ts';
import { known, unknown } from '../../../domain/reading.ts';
import { planFor } from '../../support/etcd-decisions.ts';
import { addressChanged } from '../../support/etcd-faults.ts';
import { replaced } from '../../support/etcd-healed.ts';
import {
  certificatesFor,
  condition,
  etcdMaster,
  inside,
  lookedAt as at,
  podOf,
  replaceCondition,
} from '../../support/etcd-observations.ts';

const { pins } = planFor(addressChanged());
const node = 'master-2';

function target(seen: EtcdObservation) {
  return etcdMaster(seen, node);
}

test('a revision is there when it is newer, and the certificates are current where the plan asks for that', () => {
  const seen = replaced({ pins });
  const stale = {
    secrets: certificatesFor(node, ['10.78.0.13']),
    inAllCerts: certificatesFor(node, pins.target.addresses),
  };
  const asking = { ...pins, certificates: { cure: 'operator' as const, secrets: ['etcd-peer-master-2'] } };
  const wanting = (after: number, of = pins) =>
    wantingForRevision({ operator: seen.operator, target: target(seen) }, { after, pins: of, at });
  assert.deepEqual(wanting(4), []);
  assert.match(wanting(5).join(), /revision of the etcd operator is 5, not yet one after 5/);
  assert.deepEqual(wanting(4, asking), []);
  target(seen).certificates = known(stale, '');
  assert.deepEqual(wanting(4), []);
  assert.match(wanting(4, asking).join(), /secret etcd-peer-master-2 is for 10.78.0.13/);
  target(seen).certificates = unknown('Forbidden', '');
  assert.match(wanting(4, asking).join(), /could not be read \(Forbidden\)/);
  seen.operator = unknown('timed out', '');
  assert.match(wanting(4).join(), /etcds\/cluster could not be read/);
});

function rollOutAfter(change: (seen: EtcdObservation) => unknown): string {
  const seen = replaced({ pins });
  change(seen);
  return wantingForRollOut(seen.operator, target(seen).pod, pins).join('; ');
}

test('a roll-out is there when the pod is of the newest revision and names the node’s addresses', () => {
  assert.equal(
    rollOutAfter(() => {}),
    '',
  );
  assert.match(
    rollOutAfter((seen) => (podOf(seen, node).revision = 4)),
    /of revision 4, not yet of 5/,
  );
  assert.match(
    rollOutAfter((seen) => (podOf(seen, node).terminating = true)),
    /being deleted/,
  );
  assert.match(
    rollOutAfter((seen) => (podOf(seen, node).env['NODE_master_2_IP'] = '10.78.0.13')),
    /NODE_master_2_IP=10.78.0.13/,
  );
  assert.match(
    rollOutAfter((seen) => delete podOf(seen, node).env['NODE_master_2_ETCD_URL_HOST']),
    /ETCD_URL_HOST=nothing/,
  );
  assert.match(
    rollOutAfter((seen) => (target(seen).pod = known({ state: 'absent' }, ''))),
    /no pod etcd-master-2/,
  );
  assert.match(
    rollOutAfter((seen) => (target(seen).pod = unknown('timed out', ''))),
    /timed out/,
  );
});

test('a voter is there when every survivor lists and reaches the same one', () => {
  const after = (change: (seen: EtcdObservation) => unknown, of = pins) => {
    const seen = replaced({ pins });
    change(seen);
    return wantingForVoter(seen.masters, of).join('; ');
  };
  const [address = ''] = pins.target.addresses;
  const listed = (seen: EtcdObservation, by: string): EtcdMember => {
    const found = inside(etcdMaster(seen, by).view.members).find(({ peerUrls }) =>
      peerUrls[0]?.includes(address),
    );
    return found ?? assert.fail('not listed');
  };
  assert.equal(
    after(() => {}),
    '',
  );
  assert.match(
    after((seen) => (listed(seen, 'master-0').learner = true)),
    /^master-0 lists .* still a learner$/,
  );
  assert.match(
    after((seen) => (listed(seen, 'master-1').clientUrls = [])),
    /^master-1 lists .* has not started$/,
  );
  assert.match(
    after((seen) => (listed(seen, 'master-1').id = 'abc')),
    /different members|does not reach/,
  );
  assert.match(
    after((seen) => (listed(seen, 'master-1').peerUrls = [])),
    /^master-1 lists no member at/,
  );
  assert.match(
    after((seen) => (etcdMaster(seen, 'master-0').view.reach = unknown('cut', ''))),
    /^master-0 does not reach/,
  );
  assert.match(
    after((seen) => (etcdMaster(seen, 'master-0').view.members = unknown('cut', ''))),
    /^master-0 does not list/,
  );
  assert.match(
    after((seen) => (seen.masters = seen.masters.slice(1))),
    /^master-0 was not looked at$/,
  );
  assert.match(
    after(() => {}, { ...pins, clusterId: 'ff' }),
    /not of cluster ff/,
  );
});

test('the member that was to be removed is no voter in its place, whatever its health', () => {
  const seen = replaced({ pins });
  const own = inside(target(seen).view.self).memberId;
  const still = { ...pins, target: { ...pins.target, member: { id: own, peerUrls: [] } } };
  assert.match(wantingForVoter(seen.masters, still).join(), /still lists the old member/);
  assert.deepEqual(wantingForVoter(seen.masters, { ...still, strategy: 'in-place' }), []);
});

test('a Machine with its node’s old address is what it waits for, and one that follows is not', () => {
  const seen = replaced({ pins });
  const machine = inside(target(seen).machine);
  assert.equal(waitsForMachine(target(seen), pins), undefined);
  if (machine.state === 'present') machine.addresses = ['10.78.0.13'];
  assert.match(
    waitsForMachine(target(seen), pins) ?? '',
    /Machine lab-master-2 has 10.78.0.13, and the Node master-2 has 10.78.0.23/,
  );
  assert.equal(waitsForMachine(target(seen), { ...pins, strategy: 'in-place' }), undefined);
  target(seen).node = unknown('timed out', '');
  assert.equal(waitsForMachine(target(seen), pins), undefined);
  target(seen).machine = known({ state: 'none' }, '');
  assert.equal(waitsForMachine(target(seen), pins), undefined);
});

test('the gate is shut only by the condition of the operator’s own kind, and unknown without it', () => {
  const operator = inside(addressChanged().operator);
  assert.equal(gateOf('revision-gated', operator).gate, 'shut');
  assert.match(
    gateOf('revision-gated', operator).because,
    /^RevisionControllerDegraded=True \(SyncError\): CheckSafeToScale/,
  );
  assert.equal(gateOf('all-gated', operator).gate, 'open');
  replaceCondition(operator, condition('RevisionControllerDegraded', 'True', 'SyncError', 'conflict'));
  assert.equal(gateOf('revision-gated', operator).gate, 'open');
  replaceCondition(operator, condition('RevisionControllerDegraded', 'Unknown', '', ''));
  assert.equal(gateOf('revision-gated', operator).gate, 'unknown');
  operator.conditions = [];
  assert.equal(gateOf('revision-gated', operator).gate, 'unknown');
});
