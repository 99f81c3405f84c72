import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { brokenCluster, type SimulatedCluster } from '../simulator/state.ts';
import { approve, ended, startRecovery } from './support/recoveries.ts';
import { startTestTemporal, type TestTemporal } from './support/temporal.ts';
import { spawnWorker, type WorkerProcess } from './support/worker-process.ts';

const entry = new URL('support/simulated-worker.ts', import.meta.url).pathname;

/** Named instructions, not sleeps: the worker says that it stands there, and is killed with SIGKILL. */
const places = [
  // Between the last vote and the first act.
  ['backUpKubelet', 'before'],
  ['backUpKubelet', 'after'],
  ['restartKubelet', 'before'],
  ['approveKubeletCsr', 'after'],
  ['installDurableBootstrap', 'after'],
] as const;

describe('A worker killed with SIGKILL', { concurrency: true, timeout: 540_000 }, () => {
  let temporal: TestTemporal;
  let directory: string;
  before(async () => {
    temporal = await startTestTemporal();
    directory = await mkdtemp(join(tmpdir(), 'cpr-killed-'));
  });
  after(async () => {
    await temporal.close();
    await rm(directory, { recursive: true, force: true });
  });

  // All at once: the workers share the queue `runbooks`, so each kill also takes runs away that others must pick up.
  for (const [activity, when] of places) {
    it(`${when} the effect of ${activity} is replaced, and the recovery goes on there: each act is done once`, async () => {
      const name = `${activity}-${when}`;
      const file = join(directory, `${name}.json`);
      await writeFile(file, JSON.stringify(brokenCluster(name)));
      const env = { TEMPORAL_ADDRESS: temporal.server.address };
      const spawn = (...held: string[]): Promise<WorkerProcess> =>
        spawnWorker({ entry, args: [file, ...held], env });

      const first = await spawn(activity, when);
      const recovery = await startRecovery(temporal, { cluster: name });
      await approve(recovery);
      await first.untilLogged(({ held }) => held === activity);
      await first.kill();
      const second = await spawn();
      try {
        assert.equal((await ended(recovery)).outcome.status, 'healed');
      } finally {
        await second.kill();
      }
      const { effects } = JSON.parse(await readFile(file, 'utf8')) as SimulatedCluster;
      assert.deepEqual(effects, [
        'back up master-1',
        'install bootstrap master-1',
        'restart master-1',
        'approve uid-csr-1',
        'graduate master-1',
      ]);
    });
  }
});
