import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { restoreLease, setLease } from '../../../activities/act/lease.ts';
import type { ActivityErrorType } from '../../../activities/contract.ts';
import { failure, isFailure } from '../../../activities/failure.ts';
import { readLease } from '../../../activities/observe/lease.ts';
import { leaseTargets, type Lease } from '../../../domain/lease.ts';
import { leaseObject, type LeaseObject } from '../support/lease-object.ts';
import { stubLane } from '../support/stub-lane.ts';

const target = 'etcd-unsafe-override';
const { key } = leaseTargets[target];
const lease: Lease = {
  target,
  id: 'lease-1',
  owner: { workflow: 'recovery/lab', run: 'run-1' },
  deadline: '2026-11-22T21:00:00.000Z',
};
const found = { spec: { managementState: 'Managed', unsupportedConfigOverrides: { theirs: [1, null] } } };

const never = new AbortController().signal;
/** The API is all that a lease needs. */
const lane = stubLane(() => Promise.reject(failure('NodeUnreachable', 'nothing is asked of a node')));
const watched = () => Promise.resolve();
const unwatched = () => Promise.reject(failure('LeaseOver', 'nobody watches'));

function set({ connection }: LeaseObject, requireWatched: (one: Lease) => Promise<void> = watched) {
  return setLease({ cluster: connection, lane, signal: never }, lease, requireWatched);
}

function restore({ connection }: LeaseObject) {
  return restoreLease({ cluster: connection, lane, signal: never }, lease);
}

type Read = ReturnType<LeaseObject['read']>;

function overridesIn(fields: Read): Record<string, unknown> {
  return (fields['spec'] as { unsupportedConfigOverrides: Record<string, unknown> })
    .unsupportedConfigOverrides;
}

function overrides(object: LeaseObject): Record<string, unknown> {
  return overridesIn(object.read());
}

async function rejects(done: Promise<unknown>, type: ActivityErrorType): Promise<void> {
  await assert.rejects(done, (error) => isFailure(error, type) || assert.fail(String(error)));
}

describe('setting a lease', { concurrency: 4 }, () => {
  it('writes once, is already so the second time, and is read back as held', async (t) => {
    const object = await leaseObject(t, target, found);
    assert.equal((await set(object)).changed, true);
    assert.equal((await set(object)).changed, false);
    assert.equal(object.patches().length, 1);
    assert.deepEqual(overrides(object), { theirs: [1, null], [key]: true });
    const back = `${key} is removed; theirs stay as they are`;
    assert.deepEqual(await readLease(object.connection, lane, target, never), { state: 'held', lease, back });
  });

  it('is over when the object was deleted, and not when the API server does not know its kind', async (t) => {
    const object = await leaseObject(t, target, found);
    object.interfere = () => ({ status: 404, body: { kind: 'Status', reason: 'NotFound', details: {} } });
    await rejects(restore(object), 'PreconditionFailed');
    object.interfere = () => undefined;
    object.gone = true;
    assert.equal((await restore(object)).outcome, 'already-gone');
  });

  it('finds by reading back that a lost answer was a yes', async (t) => {
    const object = await leaseObject(t, target, found);
    object.interfere = ({ method }) => (method === 'PATCH' ? 'after' : undefined);
    assert.equal((await set(object)).changed, true);
    assert.equal(object.patches().length, 1);
  });

  it('says that the API is away when the answer is lost and nothing was written', async (t) => {
    const object = await leaseObject(t, target, found);
    object.interfere = ({ method }) => (method === 'PATCH' ? 'cut' : undefined);
    await rejects(set(object), 'ApiUnreachable');
  });

  it('reads again when the object changed under it, and keeps what others wrote', async (t) => {
    const object = await leaseObject(t, target, found);
    let changes = 3;
    await set(object, async () => {
      if (changes-- > 0) object.change(({ spec }) => Object.assign(spec as object, { round: changes }));
    });
    assert.deepEqual((object.read()['spec'] as { round: number }).round, 0);
    assert.equal(overrides(object)[key], true);
  });

  it('gives up on an object that changes each time, and has written nothing', async (t) => {
    const object = await leaseObject(t, target, found);
    const busy = async () => object.change(() => {});
    await rejects(set(object, busy), 'ApiUnreachable');
    assert.equal(object.patches().length, 10);
    assert.deepEqual(overrides(object), { theirs: [1, null] });
  });

  it('writes nothing without a watchdog, over the word of somebody else, or where there is no object', async (t) => {
    const object = await leaseObject(t, target, found);
    await rejects(set(object, unwatched), 'LeaseOver');
    object.change((next) => void (overridesIn(next)[key] = true));
    await rejects(set(object), 'LeaseForeign');
    object.gone = true;
    await rejects(set(object), 'PreconditionFailed');
    assert.equal(object.patches().length, 0);
  });

  it('that was let through, and then slept until the lease was put back, writes nothing', async (t) => {
    const object = await leaseObject(t, target, found);
    const before = object.text();
    let asked = 0;
    const zombie = set(object, async () => {
      asked += 1;
      if (asked > 1) return unwatched();
      // Another attempt of the same activity, and the whole lease after it.
      await set(object);
      await restore(object);
    });
    await rejects(zombie, 'LeaseOver');
    assert.equal(object.text(), before);
  });

  it('passes on what the API server finds wrong with the object', async (t) => {
    const object = await leaseObject(t, target, found);
    const body = { reason: 'Invalid', details: { causes: [{ reason: 'FieldValueInvalid' }] } };
    object.interfere = ({ method }) => (method === 'PATCH' ? { status: 422, body } : undefined);
    await rejects(set(object), 'PreconditionFailed');
    assert.equal(object.patches().length, 1);
  });
});

describe('putting a lease back', { concurrency: 4 }, () => {
  it('restores every byte, once', async (t) => {
    const object = await leaseObject(t, target, found);
    const before = object.text();
    await set(object);
    assert.equal((await restore(object)).outcome, 'restored');
    assert.equal(object.text(), before);
    assert.deepEqual(await restore(object), {
      outcome: 'already-gone',
      changed: false,
      keyRemains: false,
      sentence: `${key} is not set, and no lease is noted`,
      evidence: [],
    });
    assert.equal(object.patches().length, 2);
  });

  it('finds by reading back that a lost answer was a yes', async (t) => {
    const object = await leaseObject(t, target, found);
    await set(object);
    object.interfere = ({ method }) => (method === 'PATCH' ? 'after' : undefined);
    assert.equal((await restore(object)).outcome, 'restored');
  });

  it('keeps what others write while it works', async (t) => {
    const object = await leaseObject(t, target, { spec: { managementState: 'Managed' } });
    await set(object);
    let once = true;
    object.interfere = ({ method }) => {
      if (method === 'PATCH' && once) {
        once = false;
        object.change((next) => void (overridesIn(next)['theirs'] = 1));
      }
      return undefined;
    };
    assert.equal((await restore(object)).outcome, 'restored');
    assert.deepEqual(overrides(object), { theirs: 1 });
  });

  it('reports what somebody else did to it, and touches nothing', async (t) => {
    const object = await leaseObject(t, target, found);
    await set(object);
    object.change((next) => void (overridesIn(next)[key] = 'yes'));
    const before = object.text();
    const end = await restore(object);
    assert.equal(end.outcome, 'foreign');
    assert.equal(end.keyRemains, true);
    assert.match(end.evidence.join('; '), /is "yes" in \/spec\/unsupportedConfigOverrides/);
    assert.equal(object.text(), before);
  });

  it('takes its own note off where somebody else removed the key', async (t) => {
    const object = await leaseObject(t, target, found);
    const before = object.text();
    await set(object);
    object.change((next) => delete overridesIn(next)[key]);
    const end = await restore(object);
    assert.deepEqual([end.outcome, end.changed, end.keyRemains], ['foreign', true, false]);
    assert.equal(object.text(), before);
  });
});
