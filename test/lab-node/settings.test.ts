import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOf, labSettings } from '../../lab/settings.ts';

test('the infra node follows the masters in the subnet', () => {
  const settings = labSettings({ CPR_LAB_SUBNET: '10.79.3' });
  assert.equal(addressOf(settings, 'master-0'), '10.79.3.11');
  assert.equal(addressOf(settings, 'infra'), '10.79.3.14');
});

test('a second lab shares no name, directory or routing table with the first', () => {
  const first = labSettings({});
  const second = labSettings({ CPR_LAB_NAME: 'other' });
  for (const key of ['dir', 'prefix', 'bridge', 'routingTable'] as const) {
    assert.notEqual(first[key], second[key], key);
  }
});

test('a subnet that is not three bytes, or a name that makes too long an interface, is refused in a sentence', () => {
  assert.throws(() => labSettings({ CPR_LAB_SUBNET: '10.79.3.0/24' }), /CPR_LAB_SUBNET: expected/);
  assert.throws(() => labSettings({ CPR_LAB_SUBNET: '10.79.300' }), /CPR_LAB_SUBNET: expected/);
  assert.throws(() => labSettings({ CPR_LAB_NAME: 'a-very-long-name' }), /CPR_LAB_NAME: expected/);
});

test('a node that the lab does not have is answered with those that it has', () => {
  assert.throws(() => addressOf(labSettings({}), 'master-9'), /no node master-9.*master-0/);
});
