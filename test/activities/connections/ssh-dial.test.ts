import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBudget, noLimits } from '../../../activities/connections/budget.ts';
import { connectTo } from '../../../activities/connections/cluster-api.ts';
import { createControlSockets } from '../../../activities/connections/control-sockets.ts';
import { createNodeLane, type NodeLane } from '../../../activities/connections/node-lane.ts';
import { isFailure } from '../../../activities/failure.ts';
import { fakeApi } from '../support/fake-api.ts';
import { clusterWith } from '../support/fake-node.ts';

interface StubSsh {
  lane: NodeLane;
  command: string;
  /** A file in a directory of this test, for what the stub writes. */
  file: (name: string) => string;
}

/** An ssh that is this shell text. */
function stubSsh(t: TestContext, shell: (file: StubSsh['file']) => string): StubSsh {
  const directory = mkdtempSync(join(tmpdir(), 'cpr-dial-'));
  const file = (name: string) => join(directory, name);
  const command = file('ssh');
  writeFileSync(command, `#!/bin/bash\necho $$ > '${file('pid')}'\n${shell(file)}\n`, { mode: 0o755 });
  const sockets = createControlSockets();
  t.after(() => {
    sockets.remove();
    rmSync(directory, { recursive: true });
  });
  return { lane: createNodeLane(clusterWith('master-1'), { ssh: command, sockets }), command, file };
}

const never = new AbortController().signal;

/** As `ssh -W` does: both directions to a port of this machine. */
const toPort = (server: string) =>
  `exec 3<>/dev/tcp/127.0.0.1/${new URL(server).port}\ncat <&3 &\ncat >&3\nexec 3>&-\nwait`;

describe('a connection through ssh', { concurrency: 4 }, () => {
  it('is asked for with the same care as a script, ends at the port of that machine, and leaves no master process', async (t) => {
    const { lane, file } = stubSsh(t, (at) => `printf '%s\\n' "$@" > '${at('arguments')}'; exec cat`);
    const stream = lane.dial!('master-1', 6443);
    stream.end('hello');
    assert.equal(await text(stream), 'hello', 'what goes in and out passes through unchanged');
    const given = readFileSync(file('arguments'), 'utf8').trim().split('\n');
    for (const option of [
      'BatchMode=yes',
      'StrictHostKeyChecking=yes',
      'HostName=10.0.0.12',
      'ClearAllForwardings=yes',
      'ControlMaster=no',
    ])
      assert.ok(given.includes(option), option);
    assert.equal(given[given.indexOf('-W') + 1], '127.0.0.1:6443');
    assert.equal(given[given.indexOf('-F') + 1], '/etc/cpr/ssh_config');
    assert.equal(given.at(-1), 'master-1', 'and no command');
  });

  it('that cannot be made says why in the words of ssh', async (t) => {
    const { lane } = stubSsh(t, () => 'echo "Host key verification failed." >&2; exit 255');
    const stream = lane.dial!('master-1', 6443);
    const [error] = (await once(stream, 'error')) as [Error];
    assert.equal(error.message, 'master-1: Host key verification failed.');
  });

  it('that is closed ends ssh and what ssh has started', async (t) => {
    const { lane, file } = stubSsh(t, (at) => `sleep 1000 & echo $! > '${at('child')}'; wait`);
    const stream = lane.dial!('master-1', 6443);
    await until(() => existsSync(file('child')) && readFileSync(file('child'), 'utf8').endsWith('\n'));
    stream.destroy();
    await until(() => !isAlive(pidIn(file('pid'))) && !isAlive(pidIn(file('child'))));
  });

  it('ends by itself when the worker is killed', async (t) => {
    const { command, file } = stubSsh(t, () => 'exec cat');
    const module = new URL('../../../activities/connections/ssh-dial.ts', import.meta.url).pathname;
    const code = `import { dialBySsh } from '${module}'; dialBySsh(['${command}'], 'master-1'); setInterval(() => {}, 1000);`;
    const worker = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'ignore' });
    await until(() => existsSync(file('pid')) && readFileSync(file('pid'), 'utf8').endsWith('\n'));
    assert.ok(isAlive(pidIn(file('pid'))));
    worker.kill('SIGKILL');
    await until(() => !isAlive(pidIn(file('pid'))));
  });

  it('carries TLS to the API server of that master, where the endpoint does not answer', async (t) => {
    const master = await fakeApi(t, ({ path }) => ({ body: { path } }));
    const endpoint = await fakeApi(t, () => 'cut');
    const { lane } = stubSsh(t, () => toPort(master.server));
    const cluster = clusterWith('master-1', endpoint.kubeconfig);
    const api = await connectTo(cluster, lane, { budget: createBudget(noLimits()), signal: never });
    assert.deepEqual(await Promise.all(['/a', '/b'].map((path) => api.get(path))), [
      { path: '/a' },
      { path: '/b' },
    ]);
    assert.equal(api.detour()?.master, 'master-1');
    api.close();

    const soFar = endpoint.calls.length;
    const next = await connectTo(cluster, lane, { budget: createBudget(noLimits()), signal: never });
    t.after(() => next.close());
    assert.deepEqual(await next.get('/c'), { path: '/c' });
    assert.equal(endpoint.calls.length, soFar, 'the next activity begins with the way that was found');
    assert.match(next.detour()?.because ?? '', /hang up|ECONNRESET/, 'and still knows why');
  });

  it('is not looked for where a lane cannot carry it', async (t) => {
    const endpoint = await fakeApi(t, () => 'cut');
    const cluster = clusterWith('master-1', endpoint.kubeconfig);
    const api = await connectTo(cluster, {}, { budget: createBudget(noLimits()), signal: never });
    t.after(() => api.close());
    await assert.rejects(api.get('/x'), (error) => isFailure(error, 'ApiUnreachable'));
  });
});

function pidIn(file: string): number {
  return Number(readFileSync(file, 'utf8'));
}

/** A process that has ended and was not waited for yet has ended. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = AbortSignal.timeout(60_000);
  while (!holds()) await sleep(20, undefined, { signal: deadline });
}
