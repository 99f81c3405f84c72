import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isAlive, serversNaming, until } from '../support/processes.ts';
import { launch, spawnWorker, type WorkerProcess } from '../support/worker-process.ts';

describe('server and worker as one', () => {
  const entry = new URL('../support/dev-child.ts', import.meta.url).pathname;
  let directory: string;
  let dbFile: string;
  const start = (): Promise<WorkerProcess> => spawnWorker({ entry, args: [dbFile] });

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cpr-dev-'));
    dbFile = join(directory, 'dev.db');
  });
  after(() => rm(directory, { recursive: true, force: true }));

  it('say where they are, refuse a second pair on the same database, and end together when asked', async () => {
    const dev = await start();
    await dev.untilLogged(({ msg }) => msg?.startsWith('Inventory') ?? false);
    const said = dev.lines.map(({ msg }) => msg).join('\n');
    assert.match(said, /^Temporal {3}127\.0\.0\.1:\d+\nWeb UI {5}http:\/\/127\.0\.0\.1:\d+$/m);
    assert.match(said, /clusters\.yaml \(lab\)/);
    const refused = new RegExp(`${dbFile} runs already, as process ${dev.pid}`);
    await assert.rejects(start(), refused);
    assert.equal(await dev.stop(), 0);
    assert.deepEqual(serversNaming(dbFile), []);
  });

  it('a server that dies takes the worker with it, and the error says so', async () => {
    const dev = launch({ entry, args: [dbFile] });
    await dev.untilLogged(({ msg }) => msg?.startsWith('Inventory') ?? false);
    for (const pid of serversNaming(dbFile)) process.kill(pid, 'SIGKILL');
    await assert.rejects(
      dev.untilLogged(() => false),
      /The Temporal server was ended by SIGKILL; its log is/,
    );
  });

  it('killed with SIGKILL they leave no process behind', async () => {
    const dev = await start();
    await dev.kill();
    await until(() => serversNaming(dbFile).length === 0);
    assert.ok(!isAlive(dev.pid));
  });
});
