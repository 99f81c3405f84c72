import assert from 'node:assert/strict';
import { test } from 'node:test';
import { additionOf, promotableOf, removableOf } from '../../lab/operator/rules/membership.ts';
import { machine, master, member, operand, three } from './support.ts';

const moved = { ...master(2), address: '10.0.0.23' };
const removal = {
  endpoints: { b: '10.0.0.11', c: '10.0.0.12', d: '10.0.0.13' },
  members: three(member),
  masters: three(master).with(2, moved),
  machines: three(machine).with(2, { ...machine(2), addresses: ['10.0.0.23'] }),
  stable: true,
  waitsForStableRevision: true,
};

test('a member is removed when neither a Node nor a Machine has its address, and not before', () => {
  assert.deepEqual(removableOf(removal), [member(2)]);
  assert.deepEqual(removableOf({ ...removal, machines: three(machine) }), []);
  assert.deepEqual(removableOf({ ...removal, masters: three(master) }), []);
  assert.equal(removableOf({ ...removal, stable: false }), 'skipping due to revision in progress');
  assert.equal(
    removableOf({ ...removal, members: [member(0), member(2)] }),
    'live membership differs from etcd-endpoints',
  );
  assert.deepEqual(removableOf({ ...removal, stable: false, waitsForStableRevision: false }), [member(2)]);
  assert.equal(removableOf({ ...removal, machines: undefined }), 'no functional Machine API');
});

const addition = {
  masters: removal.masters,
  members: [member(0), member(1)],
  anyUnhealthy: false,
  machines: removal.machines,
  operands: [operand(0), operand(1), { ...operand(2), ready: false, etcdRunsNotReady: true }],
};

test('a learner is added for a pod that runs and is not ready, with a Machine of that address and the hook', () => {
  assert.deepEqual(additionOf(addition), { add: 'https://10.0.0.23:2380', node: 'master-2' });
  const refused: [Partial<typeof addition>, RegExp][] = [
    [{ anyUnhealthy: true }, /a member is unhealthy/],
    [{ machines: three(machine) }, /no Machine found referencing this node's internal IP \(10\.0\.0\.23\)/],
    [
      { machines: addition.machines.with(2, { ...machine(2), addresses: ['10.0.0.23'], hooked: false }) },
      /missing the PreDrain/,
    ],
    [
      { machines: addition.machines.with(2, { ...machine(2), addresses: ['10.0.0.23'], deleting: true }) },
      /pending deletion/,
    ],
    [{ operands: three(operand) }, /etcd on master-2 is not running and not ready/],
  ];
  for (const [without, why] of refused) {
    const answer = additionOf({ ...addition, ...without });
    assert.ok('skip' in answer);
    assert.match(answer.skip, why);
  }
  assert.ok(
    'skip' in
      additionOf({
        ...addition,
        members: [...addition.members, { ...member(2), peerUrls: ['https://10.0.0.23:2380'] }],
      }),
  );
});

test('only a learner that has started and whose Machine agrees is promoted', () => {
  const learner = { ...member(2), learner: true, peerUrls: ['https://10.0.0.23:2380'] };
  assert.deepEqual(promotableOf([member(0), learner], removal.machines), [learner]);
  assert.deepEqual(promotableOf([{ ...learner, name: '' }], removal.machines), []);
  assert.deepEqual(promotableOf([learner], three(machine)), []);
  assert.deepEqual(promotableOf([learner], undefined), [learner]);
});
