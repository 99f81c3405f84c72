import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  type WorkflowHandle,
} from '@temporalio/client';
import { createClusterActivities } from '../../activities/index.ts';
import { awaitRunOver } from '../../activities/observe/run-over.ts';
import { awaitBrake, readBrake } from '../../activities/observe/brake.ts';
import type { ClusterConnection } from '../../activities/connections/cluster.ts';
import type { Activities } from '../../activities/contract.ts';
import { leaseAnnotation } from '../../domain/lease-note.ts';
import type { JsonPatch } from '../../domain/lease-rules.ts';
import type { LeaseState } from '../../domain/lease-state.ts';
import { watchdogId } from '../../domain/lease.ts';
import type { RunningWorkers } from '../../worker/run-worker.ts';
import { startWorkers } from '../../worker/run-worker.ts';
import { leaseStateQuery, releasedSignal } from '../../workflows/messages.ts';
import { leaseObject, type LeaseObject } from '../activities/support/lease-object.ts';
import { patched } from '../support/json-patch.ts';
import { leaseBundle, takeLease, watchdogOf } from './support/leases.ts';
import { stop, workDone, type LateAttempt } from './support/lease-workflows.ts';
import { until } from './support/processes.ts';
import { recordHistory } from './support/record-history.ts';
import { startTestTemporal, type TestTemporal } from './support/temporal.ts';
import { testInventory } from './support/workers.ts';

const names = [
  'released',
  'failed',
  'aborted',
  'deadline',
  'terminated',
  'watchdog-killed',
  'cancelled',
  'foreign',
  'not-ours',
  'second',
  'zombie',
  'api-away',
  'by-hand',
];

const data = { data: { theirs: 'as it was' } };

describe('A lease', { concurrency: 4, timeout: 120_000 }, () => {
  let temporal: TestTemporal;
  let workers: RunningWorkers;
  let bundle: Awaited<ReturnType<typeof leaseBundle>>;
  const connections = new Map<string, ClusterConnection>();

  before(async () => {
    bundle = await leaseBundle();
    temporal = await startTestTemporal();
    workers = await startWorkers({
      activities: {
        ...createClusterActivities((name) => connections.get(name)),
        awaitRunOver,
        readBrake,
        awaitBrake,
      } as Activities,
      inventory: testInventory(names),
      bundle,
      connection: temporal.nativeConnection,
      namespace: 'default',
      identity: 'worker@test',
      shutdownGraceMs: 0,
    });
  });
  after(async () => {
    await workers.stop();
    await temporal.close();
    bundle.remove();
  });

  async function cluster(t: TestContext, name: string): Promise<LeaseObject> {
    assert.ok(names.includes(name));
    const object = await leaseObject(t, 'lab-lease-proof', data);
    connections.set(name, object.connection);
    return object;
  }

  /** What an attempt to set the lease says that comes now. */
  async function lateAttempt({ cluster: name, target, id, owner, deadline }: LeaseState) {
    const run = await temporal.client.workflow.start<typeof LateAttempt>('LateAttempt', {
      taskQueue: 'runbooks',
      workflowId: `late/${name}`,
      args: [{ cluster: name, lease: { target, id, owner, deadline } }],
    });
    return await failureTypeOf(run);
  }

  it('stands while the work goes on, and is gone with every trace before the run goes on', async (t) => {
    const object = await cluster(t, 'released');
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
    const object = await cluster(t, 'failed');
    const found = object.text();
    const run = await takeLease(temporal.client, 'failed', 'fail');
    assert.match(await failureOf(run), /the work failed/);
    assert.equal(object.text(), found);
    assert.equal(object.patches().length, 2);
  });

  it('is put back when the run is aborted, without waiting for the work', async (t) => {
    const object = await cluster(t, 'aborted');
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
    const object = await cluster(t, 'deadline');
    const found = object.text();
    const run = await takeLease(temporal.client, 'deadline', 'for-ever', { holdMs: 8000 });
    assert.equal(await failureTypeOf(run), 'LeaseOver');
    assert.equal(object.text(), found);
    assert.equal(object.patches().length, 2);
  });

  it('is put back when its run is terminated', async (t) => {
    const object = await cluster(t, 'terminated');
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
    const object = await cluster(t, 'watchdog-killed');
    const found = object.text();
    const run = await takeLease(temporal.client, 'watchdog-killed', 'until-told');
    await until(() => isHeld(object));
    await watchdogOf(temporal.client, 'watchdog-killed').terminate('by mistake');
    await run.signal(workDone);
    assert.equal((await run.result()).end.outcome, 'restored');
    assert.equal(object.text(), found);
  });

  it('is put back, and not left alone, when somebody cancels the watchdog', async (t) => {
    const object = await cluster(t, 'cancelled');
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
    const object = await cluster(t, 'foreign');
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

  it('is not set where its key stands already, and whatever stands there stays', async (t) => {
    const object = await cluster(t, 'not-ours');
    object.change((next) => Object.assign(next['data'] as object, { lease: 'held' }));
    const theirs = object.text();
    const run = await takeLease(temporal.client, 'not-ours', 'until-told');
    assert.equal(await failureTypeOf(run), 'LeaseForeign');
    assert.equal(object.text(), theirs);
    assert.equal(object.patches().length, 0);
  });

  it('is refused while another one of the cluster is open', async (t) => {
    const object = await cluster(t, 'second');
    const first = await takeLease(temporal.client, 'second', 'until-told');
    await until(() => isHeld(object));
    const second = temporal.client.workflow.start('OverrideLease', {
      taskQueue: 'runbooks',
      workflowId: watchdogId('second'),
      args: [{}],
    });
    await assert.rejects(second, WorkflowExecutionAlreadyStartedError);
    // A run of another kind, which does not bear the cluster's lock.
    const other = await temporal.client.workflow.start('LeaseProbe', {
      taskQueue: 'runbooks',
      workflowId: 'other/second',
      args: [
        {
          cluster: 'second',
          work: 'until-told',
          terms: { target: 'lab-lease-proof', holdMs: 60_000, waitMs: 0 },
        },
      ],
    });
    assert.equal(await failureTypeOf(other), 'LeaseOpen');
    assert.ok(isHeld(object));
    await first.signal(workDone);
    assert.equal((await first.result()).end.outcome, 'restored');
  });

  it('is not set again by what wakes up when all is over: a request on its way, or an attempt of its activity', async (t) => {
    const object = await cluster(t, 'zombie');
    const found = object.text();
    object.interfere = ({ method }) =>
      method === 'PATCH' && object.patches().length === 1 ? 'cut' : undefined;
    const run = await takeLease(temporal.client, 'zombie', 'until-told');
    await until(() => isHeld(object));
    const lease = await watchdogOf(temporal.client, 'zombie').query(leaseStateQuery);
    await run.signal(workDone);
    assert.equal((await run.result()).end.outcome, 'restored');
    const [onItsWay] = object.patches();
    assert.equal(patched(object.read(), onItsWay?.body as JsonPatch), undefined);
    assert.equal(await lateAttempt(lease), 'LeaseOver');
    // Another lease's watchdog is none of this one's.
    const another = await takeLease(temporal.client, 'zombie', 'until-told');
    await until(() => isHeld(object));
    assert.equal(await lateAttempt(lease), 'LeaseOver');
    await another.signal(workDone);
    await another.result();
    assert.equal(object.text(), found);
  });

  it('is put back as soon as the API is there again, however long that takes', async (t) => {
    const object = await cluster(t, 'api-away');
    const found = object.text();
    const run = await takeLease(temporal.client, 'api-away', 'for-ever');
    await until(() => isHeld(object));
    // Of a kind that no retry policy repeats: somebody took our rights away.
    object.interfere = ({ method }) =>
      method === 'PATCH' ? { status: 403, body: { message: 'forbidden' } } : undefined;
    await run.terminate('by mistake');
    const watchdog = watchdogOf(temporal.client, 'api-away');
    await until(async () => (await watchdog.query(leaseStateQuery)).lastError !== undefined);
    assert.ok(isHeld(object));
    assert.equal(await lateAttempt(await watchdog.query(leaseStateQuery)), 'LeaseOver');
    object.interfere = () => undefined;
    assert.equal((await watchdog.result()).end?.outcome, 'restored');
    assert.equal(object.text(), found);
  });

  it('cannot be opened by hand with words that nobody understands', async (t) => {
    await cluster(t, 'by-hand');
    const owner = { workflow: 'w', run: 'r' };
    const good = { cluster: 'by-hand', target: 'lab-lease-proof', owner, deadline: new Date().toISOString() };
    for (const [index, input] of [
      undefined,
      'x',
      { ...good, target: 'constructor' },
      { ...good, cluster: 'released' },
      { ...good, owner: { workflow: 'w' } },
      { ...good, deadline: 'tomorrow' },
      { ...good, deadline: '2099-01-01T00:00:00Z' },
    ].entries()) {
      const run = await temporal.client.workflow.start('OverrideLease', {
        taskQueue: 'runbooks',
        workflowId: watchdogId('by-hand'),
        args: [input],
      });
      assert.equal(await failureTypeOf(run), 'BadRequest', String(index));
    }
    // One that is understood finds nothing of its own to put back.
    const run = await temporal.client.workflow.start('OverrideLease', {
      taskQueue: 'runbooks',
      workflowId: watchdogId('by-hand'),
      args: [{ ...good, lookAgainMs: 0 }],
    });
    await run.signal(releasedSignal);
    assert.equal((await run.result()).end.outcome, 'already-gone');
  });
});

function isHeld(object: LeaseObject): boolean {
  const { metadata, data: values } = object.read() as { metadata: { annotations?: object }; data?: object };
  const { lease } = (values ?? {}) as { lease?: string };
  return lease === 'held' && Object.hasOwn(metadata.annotations ?? {}, leaseAnnotation);
}

type AnyRun = Pick<WorkflowHandle, 'result'>;

async function failure(run: AnyRun): Promise<ApplicationFailure> {
  const error: unknown = await run.result().then(
    () => undefined,
    (failed: unknown) => failed,
  );
  assert.ok(error instanceof WorkflowFailedError, `the run failed, not ${String(error)}`);
  let cause: unknown = error;
  while (cause instanceof Error && !(cause instanceof ApplicationFailure)) cause = cause.cause;
  assert.ok(cause instanceof ApplicationFailure);
  return cause;
}

async function failureOf(run: AnyRun): Promise<string> {
  return (await failure(run)).message;
}

async function failureTypeOf(run: AnyRun): Promise<string | null | undefined> {
  return (await failure(run)).type;
}
