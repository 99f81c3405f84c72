import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { JsonPatch } from '../../domain/lease-rules.ts';
import type { LeaseState } from '../../domain/lease-state.ts';
import { watchdogId } from '../../domain/lease.ts';
import { leaseStateQuery, releasedSignal } from '../../workflows/messages.ts';
import { patched } from '../support/json-patch.ts';
import { workDone, type LateAttempt } from './support/lease-workflows.ts';
import { takeLease, watchdogOf } from './support/leases.ts';
import { until } from './support/processes.ts';
import { failureTypeOf, isHeld, serveLeases, type Leases } from './support/serve-leases.ts';
import type { TestTemporal } from './support/temporal.ts';

describe(
  'A lease, where it must not be set or cannot be put back yet,',
  { concurrency: 4, timeout: 540_000 },
  () => {
    let temporal: TestTemporal;
    let leases: Leases;
    before(async () => {
      leases = await serveLeases(['not-ours', 'second', 'zombie', 'api-away', 'by-hand']);
      ({ temporal } = leases);
    });
    after(() => leases.close());

    /** What an attempt to set the lease says that comes now. */
    async function lateAttempt({ cluster: name, target, id, owner, deadline }: LeaseState) {
      const run = await temporal.client.workflow.start<typeof LateAttempt>('LateAttempt', {
        taskQueue: 'runbooks',
        workflowId: `late/${name}`,
        args: [{ cluster: name, lease: { target, id, owner, deadline } }],
      });
      return await failureTypeOf(run);
    }

    it('is not set where its key stands already, and whatever stands there stays', async (t) => {
      const object = await leases.cluster(t, 'not-ours');
      object.change((next) => Object.assign(next['data'] as object, { lease: 'held' }));
      const theirs = object.text();
      const run = await takeLease(temporal.client, 'not-ours', 'until-told');
      assert.equal(await failureTypeOf(run), 'LeaseForeign');
      assert.equal(object.text(), theirs);
      assert.equal(object.patches().length, 0);
    });

    it('is refused while another one of the cluster is open', async (t) => {
      const object = await leases.cluster(t, 'second');
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
      const object = await leases.cluster(t, 'zombie');
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
      const object = await leases.cluster(t, 'api-away');
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
      await leases.cluster(t, 'by-hand');
      const owner = { workflow: 'w', run: 'r' };
      const good = {
        cluster: 'by-hand',
        target: 'lab-lease-proof',
        owner,
        deadline: new Date().toISOString(),
      };
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
  },
);
