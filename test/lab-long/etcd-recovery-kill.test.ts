import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeSshShim, type Instruction } from '../lab/support/ssh-shim.ts';
import type { Recovery } from '../temporal/support/recoveries.ts';
import type { WorkerProcess } from '../temporal/support/worker-process.ts';
import { recoverFrom } from './support/etcd-cases.ts';
import { memberLines } from './support/etcd-operator.ts';
import { openEtcdStage, untilRun } from './support/etcd-recoveries.ts';
import { ownLab } from './support/own-lab.ts';

const { lab, close } = await ownLab('reckill', '10.99.0', 'main');
// Two looks two minutes apart are shown in the other files.
const stage = await openEtcdStage({ seenFor: '20s' });
const shim = makeSshShim();
after(async () => {
  await stage[Symbol.asyncDispose]();
  shim.remove();
  await close();
});

const NODE = 'master-1';
const startWorker = () => stage.startWorker({ path: shim.directory });
const COPIES = join(lab.dir, 'snapshots');

/** Instructions of the scripts at which one worker after the other dies. */
const killedAt: readonly Instruction[] = [
  { script: 'snapshot-etcd', when: 'ended' },
  { script: 'quarantine-etcd', when: 'begun' },
  // The removal has reached etcd, and nobody has heard that it did.
  { script: 'change-member', when: 'ended' },
];
/** Steps in which there is nothing but waiting, and the worker dies all the same. */
const killedWhile = ['await-voter', 'verify'];

test('five workers are killed at five steps of one recovery, and the sixth ends it as if nothing had been', async (t) => {
  const before = await memberLines(lab, 'master-0');
  const copies = copiesNow();
  const [first, ...others] = killedAt;
  shim.killAt(first!);
  let worker = await startWorker();
  const { state } = await recoverFrom(t, stage, {
    fault: 'etcd-data-corrupt',
    node: NODE,
    async meanwhile(recovery) {
      await worker.ended;
      for (const instruction of others) {
        shim.killAt(instruction);
        worker = await startWorker();
        await worker.ended;
      }
      worker = await startWorker();
      for (const step of killedWhile) worker = await killWhile(recovery, step, worker);
    },
    kept(paths) {
      assert.equal(paths.filter((path) => path.includes('/quarantine-')).length, 1, paths.join('\n'));
      assert.equal(paths.filter((path) => path.includes('/etcd-recovery/')).length, 1, paths.join('\n'));
    },
  });
  await worker.kill();
  assert.ok(state.steps.every((step) => ['done', 'already-so'].includes(step.state)));
  const now = await memberLines(lab, 'master-0');
  assert.equal(idsOf(now).filter((id) => !idsOf(before).includes(id)).length, 1, 'one member is new');
  const made = copiesNow().filter((file) => !copies.includes(file));
  const encrypted = made.filter((file) => file.endsWith('.age'));
  assert.equal(encrypted.length, 1, `one copy: ${made.join(', ')}`);
  assert.deepEqual(made, [encrypted[0], `${encrypted[0]}.json`], 'and the note that tells what it is');
  for (const file of made) assert.equal(statSync(join(COPIES, file)).mode & 0o777, 0o600, file);
});

test('Temporal is killed while the new member is awaited, and the run goes on', async (t) => {
  const worker = await startWorker();
  await recoverFrom(t, stage, {
    fault: 'etcd-data-lost',
    node: NODE,
    async meanwhile(recovery) {
      await untilStep(recovery, 'await-voter');
      await stage.temporal.killServer();
      await sleep(2000);
      await stage.temporal.startServerAgain();
    },
  });
  await worker.kill();
});

async function untilStep(recovery: Recovery, step: string): Promise<void> {
  const reached = ['running', 'done', 'already-so'];
  await untilRun(recovery, step, ({ steps }) =>
    steps.some(({ id, state }) => id === step && reached.includes(state)),
  );
}

async function killWhile(recovery: Recovery, step: string, worker: WorkerProcess): Promise<WorkerProcess> {
  await untilStep(recovery, step);
  await worker.kill();
  return startWorker();
}

function copiesNow(): string[] {
  try {
    const names = readdirSync(COPIES, { recursive: true, encoding: 'utf8' });
    return names.filter((name) => statSync(join(COPIES, name)).isFile()).toSorted();
  } catch {
    return [];
  }
}

function idsOf(lines: string[]): string[] {
  return lines.map((line) => line.split(', ')[0] ?? '');
}
