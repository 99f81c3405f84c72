import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { leaseStateQuery } from '../../workflows/messages.ts';
import { stop, workDone } from './support/lease-workflows.ts';
import { takeLease, watchdogOf } from './support/leases.ts';
import { until } from './support/processes.ts';
import { recordHistory } from './support/record-history.ts';
import { failureOf, failureTypeOf, isHeld, serveLeases, type Leases } from './support/serve-leases.ts';
import type { TestTemporal } from './support/temporal.ts';

describe('A lease', { concurrency: 4, timeout: 540_000 }, () => {
  let temporal: TestTemporal;
  let leases: Leases;
  before(async () => {
    leases = await serveLeases([
      'released',
      'failed',
      'aborted',
      'deadline',
      'terminated',
      'watchdog-killed',
      'cancelled',
      'foreign',
    ]);
    ({ temporal } = leases);
  });
  after(() => leases.close());

  it('stands while the work goes on, and is gone with every trace before the run goes on', async (t) => {
    const object = await leases.cluster(t, 'released');
    const found = object.text();
    const run = await takeLease(temporal.client, 'released', 'until-told');
    await until(() => isHeld(object));
    const watchdog = watchdogOf(temporal.client, 'released');
    assert.equal((await watchdog.query(leaseStateQuery)).phase, 'watching');
    await run.signal(workDone);
    const { done, end } = await run.result();
    assert.deepEqual(done, { value: 'worked' });
    assert.equal(end.outcome, 'restored');
    assert.equal(object.text(), found);
    assert.equal((await watchdog.result()).because, 'released');
    await recordHistory(watchdog, 'lease-released');
    assert.equal(object.patches().length, 2);
  });

  it('is put back when the work fails, and the failure is passed on', async (t) => {
    const object = await leases.cluster(t, 'failed');
    const found = object.text();
    const run = await takeLease(temporal.client, 'failed', 'fail');
    assert.match(await failureOf(run), /the work failed/);
    assert.equal(object.text(), found);
    assert.equal(object.patches().length, 2);
  });

  it('is put back when the run is aborted, without waiting for the work', async (t) => {
    const object = await leases.cluster(t, 'aborted');
    const found = object.text();
    const run = await takeLease(temporal.client, 'aborted', 'for-ever');
    await until(() => isHeld(object));
    await run.signal(stop);
    const { done, end } = await run.result();
    assert.equal(done, undefined);
    assert.equal(end.outcome, 'restored');
    assert.equal(object.text(), found);
  });

  it('is put back at its deadline, and the run is told that its time ran out', async (t) => {
    const object = await leases.cluster(t, 'deadline');
    const found = object.text();
    const run = await takeLease(temporal.client, 'deadline', 'for-ever', { holdMs: 20_000 });
    assert.equal(await failureTypeOf(run), 'LeaseOver');
    assert.equal(object.text(), found);
    assert.equal(object.patches().length, 2);
  });

  it('is put back when its run is terminated', async (t) => {
    const object = await leases.cluster(t, 'terminated');
    const found = object.text();
    const run = await takeLease(temporal.client, 'terminated', 'for-ever');
    await until(() => isHeld(object));
    await run.terminate('by mistake');
    const watchdog = watchdogOf(temporal.client, 'terminated');
    const { because, end } = await watchdog.result();
    await recordHistory(watchdog, 'lease-owner-over');
    assert.equal(because, 'owner-over');
    assert.equal(end?.outcome, 'restored');
    assert.equal(object.text(), found);
  });

  it('is put back by the run itself when somebody has ended the watchdog', async (t) => {
    const object = await leases.cluster(t, 'watchdog-killed');
    const found = object.text();
    const run = await takeLease(temporal.client, 'watchdog-killed', 'until-told');
    await until(() => isHeld(object));
    await watchdogOf(temporal.client, 'watchdog-killed').terminate('by mistake');
    await run.signal(workDone);
    assert.equal((await run.result()).end.outcome, 'restored');
    assert.equal(object.text(), found);
  });

  it('is put back, and not left alone, when somebody cancels the watchdog', async (t) => {
    const object = await leases.cluster(t, 'cancelled');
    const found = object.text();
    const run = await takeLease(temporal.client, 'cancelled', 'until-told');
    await until(() => isHeld(object));
    const watchdog = watchdogOf(temporal.client, 'cancelled');
    await watchdog.cancel();
    assert.equal((await watchdog.result()).because, 'cancelled');
    assert.equal(object.text(), found);
    await run.signal(workDone);
    assert.equal((await run.result()).end.outcome, 'restored');
  });

  it('that somebody else has changed is reported, and what they wrote stays', async (t) => {
    const object = await leases.cluster(t, 'foreign');
    const run = await takeLease(temporal.client, 'foreign', 'until-told');
    await until(() => isHeld(object));
    object.change((next) => Object.assign(next['data'] as object, { lease: 'mine' }));
    const theirs = object.text();
    await run.signal(workDone);
    assert.equal(await failureTypeOf(run), 'LeaseForeign');
    assert.equal(object.text(), theirs);
    const { end } = await watchdogOf(temporal.client, 'foreign').result();
    assert.equal(end?.outcome, 'foreign');
    assert.match(end?.evidence.join('; ') ?? '', /lease is "mine" in \/data/);
  });
});
