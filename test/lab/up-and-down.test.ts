import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLab } from '../../lab/lab.ts';
import { labSettings } from '../../lab/settings.ts';
import { hostState } from './support/host-state.ts';

/** A second lab, so that the one which the other tests use stays as it is. */
const ENV = { ...process.env, CPR_LAB_NAME: 'second', CPR_LAB_SUBNET: '10.97.0' };
const settings = labSettings(ENV);
const CPR = join(import.meta.dirname, '../../client/main.ts');

const before = await hostState();
assert.ok(!existsSync(settings.dir), `no earlier run has left ${settings.dir}`);
after(() => lab('down').ended);

/** Where to kill: the line after which, and milliseconds after it. Early, and with live systemds and containerds. */
const MOMENTS = [
  [/certificates and files/, 150],
  [/… nodes booted/, 100],
  [/… nodes booted/, 1000],
  [/… container images/, 0],
  [/… container images/, 3000],
] as const;

for (const [line, delay] of MOMENTS) {
  test(`killed with kill -9, ${delay} ms after "${line.source}", lab down leaves the machine as it was`, async () => {
    const up = lab('up');
    await up.said(line);
    await sleep(delay);
    up.child.kill('SIGKILL');
    await up.ended;
    assert.equal((await lab('down').ended).code, 0);
    assert.deepEqual(await hostState(), before);
    assert.ok(!existsSync(settings.dir));
  });
}

test('a lab up after one that was killed cleans up and says so; Ctrl-C takes it down again and ends with 2', async () => {
  const killed = lab('up');
  await killed.said(/… container images/);
  killed.child.kill('SIGKILL');
  await killed.ended;
  assert.equal((await lab('status').ended).code, 3);

  const up = lab('up');
  await up.said(/… container images/);
  up.child.kill('SIGINT');
  const { code, output } = await up.ended;
  assert.match(output, /an earlier lab that was left half up cleaned away/);
  assert.match(output, /the lab taken down again/);
  assert.equal(code, 2);
  assert.deepEqual(await hostState(), before);
  assert.ok(!existsSync(settings.dir));
});

test('of two lab ups at once the second waits, and says for whom', async () => {
  const first = lab('up');
  await first.said(/certificates and files/);
  const second = lab('up');
  await second.said(new RegExp(`Process ${first.child.pid} .* is at it already`));
  second.child.kill('SIGINT');
  assert.equal((await second.ended).code, 2);
  first.child.kill('SIGINT');
  await first.ended;
  assert.deepEqual(await hostState(), before);
});

test('a lab of the same name out of another cache is neither taken over nor taken down', async () => {
  const env = { XDG_CACHE_HOME: mkdtempSync(join(tmpdir(), 'cpr-cache-')), CPR_LAB_NAME: labSettings().name };
  const up = await lab('up', env).ended;
  assert.equal(up.code, 1);
  assert.match(up.output, /A lab of the same name runs out of .*CPR_LAB_NAME/s);
  const down = await lab('down', env).ended;
  assert.equal(down.code, 1);
  assert.match(down.output, /not this one's to take down/);
  assert.ok(await openLab(), 'it goes on running');
  rmSync(env.XDG_CACHE_HOME, { recursive: true });
});

interface Running {
  child: ChildProcess;
  /** Resolves when a line of its progress matches; rejects when it ends without. */
  said(pattern: RegExp): Promise<void>;
  ended: Promise<{ code: number | null; output: string }>;
}

function lab(command: string, env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, [CPR, 'lab', command], {
    env: { ...ENV, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const seen: string[] = [];
  const lines = createInterface({ input: child.stderr }).on('line', (line) => seen.push(line));
  const ended = once(child, 'close').then(([code]) => ({
    code: code as number | null,
    output: seen.join('\n'),
  }));
  const said = async (pattern: RegExp): Promise<void> => {
    const over = new AbortController();
    void ended.then(() => over.abort());
    while (!seen.some((line) => pattern.test(line))) {
      await once(lines, 'line', { signal: over.signal }).catch(() => {
        if (over.signal.aborted) assert.fail(`ended without saying ${pattern.source}:\n${seen.join('\n')}`);
      });
    }
  };
  return { child, said, ended };
}
