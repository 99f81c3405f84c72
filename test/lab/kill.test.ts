import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startApiProxy, type ApiProxy } from './support/api-proxy.ts';
import { writesByCpr } from './support/audit.ts';
import { requireHealthy, whileBroken } from './support/broken.ts';
import { faultsOf, rememberHealthy } from './support/node-proof.ts';
import { reached } from './support/reached.ts';
import { makeSshShim, type SshShim } from './support/ssh-shim.ts';
import { approve, ended, openStage, type Stage } from './support/stage.ts';
import { kubeletStarts, notes, writtenAt } from './support/times.ts';
import type { Recovery } from '../temporal/support/recoveries.ts';
import type { WorkerProcess } from '../temporal/support/worker-process.ts';

const node = 'master-1';
let stage: Stage;
let shim: SshShim;
let proxy: ApiProxy;
before(async () => {
  stage = await openStage();
  shim = makeSshShim();
  proxy = await startApiProxy(stage.lab, `${stage.lab.dir}/cpr.kubeconfig`);
});
after(async () => {
  await stage[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  shim.remove();
});

/** What every act leaves in the node's journal, once, in an undisturbed recovery. */
const everyActOnce = [
  /^backed up the kubelet's credentials to /,
  /^replaced \/etc\/kubernetes\/kubeconfig /,
  /^restarted the kubelet$/,
  /^replaced \/etc\/kubernetes\/kubeconfig /,
  /^concluded: healed$/,
];

/** Two of the worst moments; the others stand in test/lab-long/kubelet-bad-ground.test.ts. */
test('killed between the approval and its reply: the request is found approved, once', async () => {
  const held = proxy.holdNext('PUT', /certificatesigningrequests\/[^/]+\/approval$/);
  await recoverWithTwoWorkers(async (worker, recovery) => {
    await reached({ sprung: () => held.status() !== undefined }, recovery);
    assert.equal(held.status(), 200);
    await worker.kill();
    held.cut();
  });
});

test('killed when the durable bootstrap file is in place and nobody has heard of it: it is written once', async () => {
  shim.killAt({ script: 'install-bootstrap', when: 'ended', after: 'restart-kubelet' });
  await recoverWithTwoWorkers((_, recovery) => reached(shim, recovery));
});

/** One recovery whose first worker dies at the instruction that was set up; `killed` returns when it is dead. */
async function recoverWithTwoWorkers(
  killed: (worker: WorkerProcess, recovery: Recovery) => Promise<unknown>,
): Promise<void> {
  const { lab } = stage;
  const options = { inventory: stage.inventoryWith(proxy.kubeconfig), path: shim.directory };
  await requireHealthy(lab);
  const healthy = await rememberHealthy(lab, node);
  await whileBroken(lab, 'kubelet-anonymous', node, async () => {
    const first = await stage.startWorker(options);
    const recovery = await stage.recover();
    const approvedAt = await approve(recovery);
    await killed(first, recovery);
    const second = await stage.startWorker(options);
    const { outcome, state } = await ended(recovery);
    await second.kill();

    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.equal(state.refusedCount, 0);
    assert.deepEqual(await faultsOf(lab, node, healthy, approvedAt), []);
    await assertEachActOnce(approvedAt);
  });
}

async function assertEachActOnce(since: number): Promise<void> {
  const { lab } = stage;
  const noted = await notes(lab, node, since);
  assert.equal(noted.length, everyActOnce.length, JSON.stringify(noted));
  for (const [index, act] of everyActOnce.entries()) assert.match(noted[index]?.message ?? '', act);
  const [backedUp, , , graduated] = noted;
  const backup = backedUp?.message.split(' ').at(-1) ?? '';
  await assertNotWrittenAfter(`${backup}/manifest.sha256`, backedUp?.at);
  await assertNotWrittenAfter('/etc/kubernetes/kubeconfig', graduated?.at);
  assert.equal((await kubeletStarts(lab, node, since)).length, 1, 'starts of the kubelet');
  const writes = await writesByCpr(lab, new Date(since * 1000).toISOString());
  assert.deepEqual(writes, [
    'create serviceaccounts/token: 201',
    'update certificatesigningrequests/approval: 200',
  ]);
}

/** An act notes itself when it is done: a file that is newer was written a second time. */
async function assertNotWrittenAfter(path: string, noted = 0): Promise<void> {
  const written = await writtenAt(stage.lab, node, path);
  assert.ok(written > 0 && written <= noted, `${path} was written at ${written}, its act noted at ${noted}`);
}
