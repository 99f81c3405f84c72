import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { leaseAnnotation } from '../../domain/lease-note.ts';
import { leaseTargets } from '../../domain/lease.ts';
import type { ApiError } from '../../lab/cluster/api.ts';
import { leaseBundle, leaseWorker, takeLease, watchdogOf } from '../temporal/support/leases.ts';
import { workDone } from '../temporal/support/lease-workflows.ts';
import { until } from '../temporal/support/processes.ts';
import { spawnWorker, type WorkerProcess } from '../temporal/support/worker-process.ts';
import { writesByCpr } from './support/audit.ts';
import { openStage, type Stage } from './support/stage.ts';

/** A ConfigMap of our own in place of the operator's resource: the same patches on a real API server, with cpr's own rights. */
const { object: path } = leaseTargets['lab-lease-proof'];
const collection = path.slice(0, path.lastIndexOf('/'));
const name = path.slice(path.lastIndexOf('/') + 1);
const rbac = join(import.meta.dirname, '../../deploy/rbac/30-override-lease.yaml');

let stage: Stage;
let worker: WorkerProcess;
let bundle: Awaited<ReturnType<typeof leaseBundle>>;
let hadRole: boolean;

before(async () => {
  bundle = await leaseBundle();
  stage = await openStage();
  const { lab } = stage;
  const role = [
    'get',
    'clusterrole',
    'control-plane-recovery:override-lease',
    '--ignore-not-found',
    '-o',
    'name',
  ];
  hadRole = (await lab.kubectl(role)) !== '';
  if (!hadRole) await lab.kubectl(['apply', '-f', rbac]);
  worker = await startWorker();
});
after(async () => {
  await worker.kill();
  await stage.lab.api.send('DELETE', path).catch(ignoreMissing);
  if (!hadRole) await stage.lab.kubectl(['delete', '-f', rbac]);
  await stage[Symbol.asyncDispose]();
  bundle.remove();
});

test('a lease is set and taken back, and what others keep in the object is not touched', async () => {
  const since = new Date().toISOString();
  await makeObject({ data: { theirs: 'a', more: 'b\n' }, annotations: { 'theirs/too': 'c' } });
  const found = await contents();
  const run = await take('until-told');
  await until(async () => (await contents()).data['lease'] === 'held');
  assert.match((await contents()).annotations[leaseAnnotation] ?? '', /"before":\{"value":\{"more":"b\\n"/);
  await stage.lab.api.send('PATCH', path, { data: { theirs: 'changed', new: 'd' } });
  await run.signal(workDone);
  assert.equal((await run.result()).end.outcome, 'restored');
  assert.deepEqual(await contents(), { ...found, data: { theirs: 'changed', more: 'b\n', new: 'd' } });
  // Other tests' runs may write to other kinds at the same time.
  const writes = await writesByCpr(stage.lab, since);
  const ours = writes.filter((write) => write.includes('configmaps'));
  assert.deepEqual(ours, ['patch configmaps: 200', 'patch configmaps: 200']);
});

test('`temporal workflow terminate` of the run: the watchdog puts back a field that was not there before', async () => {
  await makeObject({});
  const run = await take('for-ever');
  await untilHeld();
  await run.terminate('as a person would');
  await putBackAfter('owner-over', {});
});

test('the worker and its run killed: the next worker puts it back', async () => {
  await makeObject({ data: { theirs: 'a' } });
  const run = await take('for-ever');
  await untilHeld();
  await worker.kill();
  await run.terminate('the host is gone');
  worker = await startWorker();
  await putBackAfter('owner-over', { theirs: 'a' });
});

test('the Temporal server killed: it is put back when the server is there again, at its deadline', async () => {
  await makeObject({ data: { theirs: 'a' } });
  const run = await take('for-ever', 20_000);
  await untilHeld();
  await stage.temporal.killServer();
  await stage.temporal.startServerAgain();
  await until(async () => (await contents()).data['lease'] === undefined, 120);
  assert.deepEqual(await contents(), { data: { theirs: 'a' }, annotations: {} });
  // It ends a moment after its lease, and holds the cluster's lock until then.
  await assert.rejects(run.result());
});

test("somebody else's change is reported and stays", async () => {
  await makeObject({ data: { theirs: 'a' } });
  const run = await take('for-ever');
  await untilHeld();
  await stage.lab.api.send('PATCH', path, { data: { lease: 'mine' } });
  await run.terminate('as a person would');
  const { end } = await watchdogOf(stage.temporal.client, stage.lab.name).result();
  assert.deepEqual([end?.outcome, end?.keyRemains], ['foreign', true]);
  assert.match(end?.evidence.join('; ') ?? '', /lease is "mine" in \/data/);
  assert.deepEqual((await contents()).data, { theirs: 'a', lease: 'mine' });
});

function startWorker(): Promise<WorkerProcess> {
  const env = { TEMPORAL_ADDRESS: stage.temporal.server.address };
  return spawnWorker({ entry: leaseWorker, args: [stage.inventory, bundle.codePath], env });
}

function take(work: 'until-told' | 'for-ever', holdMs = 600_000) {
  return takeLease(stage.temporal.client, stage.lab.name, work, { holdMs });
}

async function putBackAfter(because: string, data: Record<string, string>): Promise<void> {
  const result = await watchdogOf(stage.temporal.client, stage.lab.name).result();
  assert.deepEqual([result.because, result.end?.outcome], [because, 'restored']);
  assert.deepEqual(await contents(), { data, annotations: {} });
}

async function untilHeld(): Promise<void> {
  await until(async () => (await contents()).data['lease'] === 'held');
}

interface Contents {
  data: Record<string, string>;
  annotations: Record<string, string>;
}

/** Anew for each test, so that nothing of the last one can pass for this one's. */
async function makeObject({ data, annotations }: Partial<Contents>): Promise<void> {
  await stage.lab.api.send('DELETE', path).catch(ignoreMissing);
  await stage.lab.api.send('POST', collection, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, ...(annotations ? { annotations } : {}) },
    ...(data ? { data } : {}),
  });
}

async function contents(): Promise<Contents> {
  const { data = {}, metadata } = await stage.lab.api.get<{
    data?: Record<string, string>;
    metadata: { annotations?: Record<string, string> };
  }>(path);
  return { data, annotations: metadata.annotations ?? {} };
}

function ignoreMissing(error: ApiError): void {
  if (error.status !== 404) throw error;
}
