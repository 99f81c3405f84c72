import assert from 'node:assert/strict';
import { test } from 'node:test';
import { otherAddress } from '../../lab/faults/etcd-address-change.ts';
import { parseMembers } from '../../lab/faults/etcd-members.ts';

test('a member list is read with 64-bit ids and members that have never started', () => {
  const list = [
    '1c005bc6efc7d9fb, started, master-0, https://10.78.0.11:2380, https://10.78.0.11:2379, false',
    'fedcba9876543210, unstarted, , https://10.78.0.13:2380, , true',
    '',
  ].join('\n');
  assert.deepEqual(parseMembers(list), [
    { id: '1c005bc6efc7d9fb', name: 'master-0', peerUrl: 'https://10.78.0.11:2380' },
    { id: 'fedcba9876543210', name: '', peerUrl: 'https://10.78.0.13:2380' },
  ]);
});

test('the new address of a master is in the lab and nobody else’s, old or new', () => {
  const old = ['10.78.0.11', '10.78.0.12', '10.78.0.13', '10.78.0.14'];
  const all = [...old, ...old.slice(0, 3).map(otherAddress)];
  assert.equal(otherAddress('10.78.0.13'), '10.78.0.23');
  assert.equal(new Set(all).size, all.length);
});
