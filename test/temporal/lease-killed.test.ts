import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { leaseObject, type LeaseObject } from '../activities/support/lease-object.ts';
import { leaseBundle, leaseWorker, takeLease, watchdogOf } from './support/leases.ts';
import { until } from './support/processes.ts';
import { startTestTemporal, type TestTemporal } from './support/temporal.ts';
import { spawnWorker, type WorkerProcess } from './support/worker-process.ts';

/** The lease on the object of the etcd operator, in a field that was not there before. */
const spec = { managementState: 'Managed' };

describe('A lease whose run is killed together with', { timeout: 540_000 }, () => {
  let temporal: TestTemporal;
  let bundle: Awaited<ReturnType<typeof leaseBundle>>;
  let worker: WorkerProcess;
  before(async () => {
    bundle = await leaseBundle();
    writeFileSync(join(bundle.directory, 'clusters.yaml'), inventory());
    temporal = await startTestTemporal();
    worker = await startWorker();
  });
  after(async () => {
    await worker.kill();
    await temporal.close();
    bundle.remove();
  });

  /** The product's worker for all three clusters. */
  function startWorker(): Promise<WorkerProcess> {
    const env = { TEMPORAL_ADDRESS: temporal.server.address };
    const file = join(bundle.directory, 'clusters.yaml');
    return spawnWorker({ entry: leaseWorker, args: [file, bundle.codePath], env });
  }

  async function cluster(t: TestContext, name: string): Promise<LeaseObject> {
    const object = await leaseObject(t, 'etcd-unsafe-override', { spec });
    // Read anew for each activity: it may come after the worker.
    copyFileSync(object.kubeconfig, join(bundle.directory, name));
    return object;
  }

  const take = (name: string, holdMs: number) =>
    takeLease(temporal.client, name, 'for-ever', { target: 'etcd-unsafe-override', holdMs });

  it('its worker is put back by the next worker', async (t) => {
    const object = await cluster(t, 'worker');
    const found = object.text();
    const run = await take('worker', 600_000);
    await until(() => isSet(object));
    await worker.kill();
    await run.terminate('the host is gone');
    assert.ok(isSet(object));
    worker = await startWorker();
    const { because, end } = await watchdogOf(temporal.client, 'worker').result();
    assert.deepEqual([because, end?.outcome], ['owner-over', 'restored']);
    assert.equal(object.text(), found);
  });

  it('the Temporal server is put back when that is there again', async (t) => {
    const object = await cluster(t, 'server');
    const found = object.text();
    const run = await take('server', 600_000);
    await until(() => isSet(object));
    await temporal.killServer();
    await sleep(1000);
    assert.ok(isSet(object));
    await temporal.startServerAgain();
    await untilDone(() => run.terminate('by mistake'));
    await until(() => !isSet(object));
    assert.equal(object.text(), found);
    const { because } = await untilDone(() => watchdogOf(temporal.client, 'server').result());
    assert.equal(because, 'owner-over');
  });

  it('Temporal, and comes to its deadline meanwhile, is put back when Temporal is there again', async (t) => {
    const object = await cluster(t, 'deadline');
    const found = object.text();
    await take('deadline', 15_000);
    await until(() => isSet(object));
    const { deadline } = JSON.parse(object.read().metadata.annotations!['control-plane-recovery/lease']!) as {
      deadline: string;
    };
    await temporal.killServer();
    await sleep(Math.max(0, Date.parse(deadline) - Date.now()) + 500);
    assert.ok(isSet(object), 'nobody could put it back');
    await temporal.startServerAgain();
    await until(() => !isSet(object));
    assert.equal(object.text(), found);
  });
});

function isSet(object: LeaseObject): boolean {
  const { unsupportedConfigOverrides = {} } = object.read()['spec'] as {
    unsupportedConfigOverrides?: object;
  };
  return Object.keys(unsupportedConfigOverrides).length > 0;
}

/** Clients come back to a server that was away, but not with their first call. */
async function untilDone<T>(call: () => Promise<T>): Promise<T> {
  let done: { value: T } | undefined;
  await until(async () => {
    done = await call().then(
      (value) => ({ value }),
      () => undefined,
    );
    return done !== undefined;
  });
  return done!.value;
}

function inventory(): string {
  const clusters = ['worker', 'server', 'deadline'].map((name) => [
    name,
    {
      api: { kubeconfig: `./${name}` },
      ssh: { user: 'core' },
      masters: { 'master-0': { address: '192.0.2.10' } },
      approvals: 'open',
    },
  ]);
  return stringify({ clusters: Object.fromEntries(clusters) as object });
}
