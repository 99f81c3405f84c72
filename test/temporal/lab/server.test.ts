import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Connection } from '@temporalio/client';
import { searchAttributeNames } from '../../../domain/search-attributes.ts';
import { silentProgress } from '../../../lab/host/progress.ts';
import { resolveTemporalBinary } from '../../../lab/temporal/binary.ts';
import { startTemporalServer } from '../../../lab/temporal/server.ts';
import { isAlive, serversNaming, until } from '../support/processes.ts';

describe('a Temporal dev server', () => {
  let directory: string;
  let binary: string;
  const dbFile = (name: string) => join(directory, `${name}.db`);

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cpr-server-'));
    binary = await resolveTemporalBinary({ progress: silentProgress() });
  });
  after(() => rm(directory, { recursive: true, force: true }));

  it('serves with our search attributes and its Web UI, keeps its runs over a restart, and ends when stopped', async () => {
    for (let start = 1; start <= 2; start++) {
      const server = await startTemporalServer({ binary, dbFile: dbFile('kept'), durable: true });
      const connection = await Connection.connect({ address: server.address });
      const { customAttributes } = await connection.operatorService.listSearchAttributes({
        namespace: 'default',
      });
      assert.deepEqual(
        searchAttributeNames.filter((name) => customAttributes[name] === undefined),
        [],
      );
      assert.match(await (await fetch(server.uiUrl)).text(), /<html/i);
      await connection.close();
      await server.stop();
      await server.stop();
      assert.equal(await server.ended, 'ended with exit code 0');
      assert.ok(!isAlive(server.pid));
    }
    assert.ok(existsSync(dbFile('kept')));
  });

  it('leaves no process behind when its starter is killed with SIGKILL', async () => {
    const module = new URL('../../../lab/temporal/server.ts', import.meta.url).href;
    const script = `const { startTemporalServer } = await import(${JSON.stringify(module)});
      const server = await startTemporalServer(${JSON.stringify({ binary, dbFile: dbFile('orphan'), durable: true })});
      console.log(server.pid);
      setInterval(() => {}, 1000);`;
    const starter = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(starter.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    assert.ok(isAlive(pid), 'the server runs while its starter does');
    starter.kill('SIGKILL');
    await once(starter, 'exit');
    await until(() => !isAlive(pid) && serversNaming(dbFile('orphan')).length === 0);
  });

  it('is cut off in the middle of its start by the signal', async () => {
    const stopping = new AbortController();
    const starting = startTemporalServer({
      binary,
      dbFile: dbFile('cut'),
      durable: true,
      signal: stopping.signal,
    });
    setTimeout(() => stopping.abort(new Error('Ctrl-C')), 100);
    await assert.rejects(starting, /Ctrl-C/);
    await until(() => serversNaming(dbFile('cut')).length === 0);
  });

  it('names the port that is taken', async () => {
    await using squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const { port } = squatter.address() as AddressInfo;
    const ports = { grpc: port, ui: port };
    await assert.rejects(
      startTemporalServer({ binary, dbFile: dbFile('taken'), durable: true, ports }),
      new RegExp(`Port ${port} on 127\\.0\\.0\\.1, wanted for Temporal's server, is taken`),
    );
  });

  it('takes other ports when one was taken after it was chosen, however long the stack is that hides it', async () => {
    const starts = join(directory, 'starts');
    const command = await commandThat(
      directory,
      `echo start >>${starts}`,
      `[ "$(wc -l <${starts})" -gt 1 ] && exec ${binary} "$@"`,
      'echo "listen tcp 127.0.0.1:45137: bind: address already in use"',
      'seq 200',
      'exit 2',
    );
    const server = await startTemporalServer({ binary: command, dbFile: dbFile('late'), durable: false });
    await server.stop();
    assert.equal((await readFile(starts, 'utf8')).trim(), 'start\nstart');
  });

  it('is not started a second time when it died of something else, and its first complaint is shown', async () => {
    const starts = join(directory, 'deaths');
    const command = await commandThat(
      directory,
      `echo start >>${starts}`,
      'echo "panic: out of memory"; seq 200; exit 2',
    );
    await assert.rejects(
      startTemporalServer({ binary: command, dbFile: dbFile('dead'), durable: false }),
      /ended with exit code 2 .*\n +panic: out of memory\n +…\n +196\n/s,
    );
    assert.equal((await readFile(starts, 'utf8')).trim(), 'start');
  });

  it('shows the end of the log when the server cannot start', async () => {
    await assert.rejects(
      startTemporalServer({ binary, dbFile: directory, durable: true }),
      /ended with exit code 1 before it served; its log .* ends with:\n.*unable to open database/s,
    );
  });
});

/** A `temporal` command of our own: a shell script of these lines. */
async function commandThat(directory: string, ...lines: string[]): Promise<string> {
  const path = join(await mkdtemp(join(directory, 'command-')), 'temporal');
  await writeFile(path, ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 });
  return path;
}
