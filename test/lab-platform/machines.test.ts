import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import type { Lab } from '../../lab/handle.ts';
import { turnKnobs } from '../../lab/platform/knobs.ts';
import { machineStatusFollower } from '../../lab/platform/machines.ts';
import { labSettings } from '../../lab/settings.ts';

const dir = mkdtempSync(join(tmpdir(), 'cpr-machines-'));
const settings = { ...labSettings({}), dir };
after(() => rmSync(dir, { recursive: true }));

interface Written {
  path: string;
  addresses: string[];
}

let written: Written[];
let nodeAddress: string;
let machineAddress: string;

beforeEach(() => {
  written = [];
  nodeAddress = '10.78.0.23';
  machineAddress = '10.78.0.13';
  turnKnobs(settings, { machineFollowsAfterSeconds: 10 });
});

function addresses(ip: string) {
  return [
    { type: 'InternalIP', address: ip },
    { type: 'Hostname', address: 'master-2' },
  ];
}

function node() {
  return { metadata: { name: 'master-2' }, status: { addresses: addresses(nodeAddress) } };
}

function machine() {
  return {
    metadata: { name: 'lab-x-master-2' },
    status: { nodeRef: { name: 'master-2' }, addresses: addresses(machineAddress) },
  };
}

/** A cluster of one node and its Machine. */
function lab(): Lab {
  const api = {
    get: (path: string) => Promise.resolve({ items: [path.includes('machines') ? machine() : node()] }),
    send: (_method: string, path: string, body: { status: { addresses: { address: string }[] } }) => {
      written.push({ path, addresses: body.status.addresses.map(({ address }) => address) });
      return Promise.resolve({});
    },
  };
  // Only these two are used.
  return { api, settings } as Partial<Lab> as Lab;
}

const at = (second: number) => new Date(Date.UTC(2026, 10, 22, 20, 0, second));
const log = () => {};

test('a Machine keeps the old address until the delay is over, and then has the new one', async () => {
  const loop = machineStatusFollower();
  await loop.step({ lab: lab(), now: at(0), log });
  await loop.step({ lab: lab(), now: at(9), log });
  assert.equal(written.length, 0);
  await loop.step({ lab: lab(), now: at(10), log });
  const [first] = written;
  assert.match(first?.path ?? '', /machines\/lab-x-master-2\/status$/);
  assert.deepEqual(first?.addresses, ['10.78.0.23', 'master-2', 'master-2']);
});

test('a Machine that never follows is never written', async () => {
  turnKnobs(settings, { machineFollowsAfterSeconds: 'never' });
  const loop = machineStatusFollower();
  await loop.step({ lab: lab(), now: at(0), log });
  await loop.step({ lab: lab(), now: at(3600), log });
  assert.deepEqual(written, []);
});

test('a change that was taken back begins to count anew', async () => {
  const loop = machineStatusFollower();
  await loop.step({ lab: lab(), now: at(0), log });
  nodeAddress = machineAddress;
  await loop.step({ lab: lab(), now: at(5), log });
  nodeAddress = '10.78.0.23';
  await loop.step({ lab: lab(), now: at(11), log });
  assert.deepEqual(written, []);
});

test('a Machine that agrees with its node is left alone', async () => {
  machineAddress = nodeAddress;
  await machineStatusFollower().step({ lab: lab(), now: at(0), log });
  assert.deepEqual(written, []);
});
