import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withLock } from '../../lab/host/lock.ts';
import { silentProgress, type Progress } from '../../lab/host/progress.ts';

const only = { skip: process.platform === 'linux' ? false : 'locks are used on Linux only' };
const lockModule = join(import.meta.dirname, '../../lab/host/lock.ts');

describe('a lock', only, () => {
  it('lets one after another', async () => {
    const name = unique();
    const seen: string[] = [];
    const work = (who: string) => async () => {
      seen.push(`${who} in`);
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(`${who} out`);
    };
    await Promise.all(['a', 'b', 'c'].map((who) => withLock(name, options(), work(who))));
    for (let i = 0; i < 6; i += 2)
      assert.equal(seen[i]?.slice(0, 1), seen[i + 1]?.slice(0, 1), seen.join(', '));
  });

  it('is free again when the work has thrown', async () => {
    const name = unique();
    await assert.rejects(
      withLock(name, options(), () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.equal(await withLock(name, options(), async () => 'in'), 'in');
  });

  it('of a process that is killed goes to the one who waits, who was told whom it waited for', async () => {
    const name = unique();
    const holder = await holderOf(name);
    const told: string[] = [];
    const waiting = withLock(name, options(told), async () => 'in');
    await until(() => told.length > 0);
    holder.kill('SIGKILL');
    assert.equal(await waiting, 'in');
    assert.deepEqual(told, [`Process ${holder.pid} (holding) is at it already; waiting for it to finish.`]);
  });

  it('is not waited for any longer once the waiting is aborted', async () => {
    const name = unique();
    const holder = await holderOf(name);
    const controller = new AbortController();
    const told: string[] = [];
    const waiting = withLock(name, { ...options(told), signal: controller.signal }, async () => 'in');
    await until(() => told.length > 0);
    controller.abort(new Error('Ctrl-C'));
    await assert.rejects(waiting, /Ctrl-C/);
    holder.kill('SIGKILL');
  });
});

let count = 0;
function unique(): string {
  return `test-${process.pid}-${++count}`;
}

function options(told: string[] = []) {
  const progress: Progress = { ...silentProgress(), say: (text) => void told.push(text) };
  return { what: 'holding', progress };
}

/** Another process that holds the lock until it is killed. */
async function holderOf(name: string): Promise<ChildProcess> {
  const program = `
    import { withLock } from ${JSON.stringify(lockModule)};
    const progress = { step() {}, say() {} };
    await withLock(${JSON.stringify(name)}, { what: 'holding', progress }, () => {
      console.log('held');
      return new Promise(() => setInterval(() => {}, 1000));
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
