import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failure } from '../../client/failure.ts';
import type { BrakeGateway, Gateway } from '../../client/gateway.ts';
import type { BrakeReading, BrakeRelease, BrakeRequest, BrakeState } from '../../domain/brake.ts';
import { cpr } from './support/console.ts';
import { runThrough } from './support/runs.ts';
import { acting, waiting } from './support/states.ts';

const brake = { by: 'olga', reason: 'the switch is being replaced', since: '2026-11-22T03:01:00.000Z' };
const on: BrakeReading = { state: 'on', brake };
const off: BrakeReading = { state: 'off' };

describe('cpr pause', () => {
  it('puts the brake on without asking anything, in the name of whoever types it', async () => {
    const { gateway, requests } = braked({ putOn: async () => 'on' });
    const { code, out } = await cpr("pause lab --reason 'switch is being replaced'", gateway);
    assert.equal(code, 0);
    assert.match(out, /^lab: on; .*cpr resume lab/);
    assert.deepEqual(requests, [{ cluster: 'lab', by: 'anna@bastion', reason: 'switch is being replaced' }]);
  });

  it('of nothing means nothing: all of them must be asked for', async () => {
    const { gateway, requests } = braked({ putOn: async () => 'on' });
    const { code, err } = await cpr("pause --reason 'x'", gateway);
    assert.equal(code, 2);
    assert.match(err, /--all/);
    assert.equal((await cpr("pause lab --all --reason 'x'", gateway)).code, 2);
    assert.deepEqual(requests, []);
  });

  it('of all stops every cluster of the inventory, and says what became of each', async () => {
    const { gateway, requests } = braked({
      putOn: async ({ cluster }) => {
        if (cluster === 'lab') throw failure('RefusedByRun', { what: 'It is not signed.' });
        return 'on';
      },
    });
    const { code, out } = await cpr("pause --all --reason 'stop'", gateway);
    assert.equal(code, 5, 'one failed');
    assert.match(out, /lab: failed; It is not signed/);
    assert.match(out, /prod-eu-1: on;/);
    assert.deepEqual(
      requests.map(({ cluster }) => cluster),
      ['lab', 'prod-eu-1'],
    );
  });

  it('says who has put it on already', async () => {
    const { gateway } = braked({ putOn: async () => 'on already', read: async () => on });
    const { code, out } = await cpr("pause lab --reason 'x'", gateway);
    assert.equal(code, 0);
    assert.match(out, /on already; .*by olga: the switch/);
  });

  it('does not claim a brake that was released in the same moment', async () => {
    const { gateway } = braked({ putOn: async () => 'on already', read: async () => off });
    const { code, out } = await cpr("pause lab --reason 'x'", gateway);
    assert.equal(code, 1);
    assert.match(out, /released it since; pause again/);
  });

  it('does not claim what no worker has confirmed', async () => {
    const { gateway } = braked({ putOn: async () => 'unconfirmed' });
    const { code, out } = await cpr("pause lab --reason 'x'", gateway);
    assert.equal(code, 1);
    assert.match(out, /no worker has confirmed it yet/);
  });
});

describe('cpr resume', () => {
  it('releases the brake and says which run goes on, and where', async () => {
    const { gateway, releases } = braked({ read: async () => on });
    const held = { ...acting(), paused: brake };
    const { code, out } = await cpr("resume lab --reason 'it is there'", { ...gateway, ...runThrough(held) });
    assert.equal(code, 0);
    assert.match(out, /lab: released; KubeletAuthRecovery of master-1 goes on with step approve-csr/);
    assert.deepEqual(releases, [{ by: 'anna@bastion', reason: 'it is there' }]);
  });

  it('of a brake that is off is done already', async () => {
    const { gateway, releases } = braked({ read: async () => off });
    const { code, out } = await cpr("resume lab --reason 'x'", gateway);
    assert.equal(code, 0);
    assert.match(out, /was not on/);
    assert.deepEqual(releases, []);
  });

  it('of a brake that was terminated says why it still holds, and what to do', async () => {
    const { gateway } = braked({ read: async () => ({ ...on, ended: 'terminated' }) });
    const { code, err } = await cpr("resume lab --reason 'x'", gateway);
    assert.equal(code, 5);
    assert.match(err, /terminated and not released/);
    assert.match(err, /cpr pause lab/);
  });
});

describe('cpr status', () => {
  it('shows a brake that is on, with the run and without one', async () => {
    const { gateway } = braked({ read: async () => on });
    const { out } = await cpr('status lab', { ...runThrough(waiting()), ...gateway });
    assert.match(out, /Paused by olga since 03:01:00 UTC: the switch is being replaced/);
    const alone = await cpr('status lab', { ...gateway, newestRun: async () => undefined });
    assert.match(alone.out, /Paused by olga/);
    const all = await cpr('status', { ...runThrough(waiting()), ...gateway, openRuns: async () => [] });
    assert.match(all.out, /PAUSED by olga: the switch is being replaced/);
  });
});

function braked(given: Partial<BrakeGateway>) {
  const requests: BrakeRequest[] = [];
  const releases: BrakeRelease[] = [];
  const { putOn } = given;
  const gateway: Partial<Gateway> = {
    newestRun: async () => undefined,
    brake: {
      read: async () => off,
      state: async () => state,
      release: async (_cluster, release) => {
        releases.push(release);
        return 'Released.';
      },
      ...given,
      putOn: async (request) => {
        requests.push(request);
        return putOn ? await putOn(request) : 'on';
      },
    },
  };
  return { gateway, requests, releases };
}

const state: BrakeState = {
  cluster: 'lab',
  workflow: 'brake/lab',
  firstRun: 'f-1',
  nonce: 'n-1',
  mode: 'open',
  phase: 'on',
  brake,
  refused: [],
  refusedCount: 0,
};
