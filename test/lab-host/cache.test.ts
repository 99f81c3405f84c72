import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { buildOnce, cacheDir, keyOf } from '../../lab/host/cache.ts';
import { silentProgress } from '../../lab/host/progress.ts';

const options = { what: 'a thing', progress: silentProgress() };
const dirs: string[] = [];
after(() => Promise.all(dirs.map((dir) => rm(dir, { recursive: true, force: true }))));

describe('what is built once', () => {
  it('is built at the first call and only found at the second', async () => {
    const target = join(await scratch(), 'v1', 'thing');
    let builds = 0;
    const build = (path: string) => {
      builds += 1;
      return writeFile(path, 'content');
    };
    assert.equal(await buildOnce(target, build, options), target);
    await buildOnce(target, build, options);
    assert.equal(builds, 1);
    assert.equal(await readFile(target, 'utf8'), 'content');
  });

  it('is not there at all when its building failed, and neither is what was half written', async () => {
    const dir = await scratch();
    await assert.rejects(buildOnce(join(dir, 'thing'), failHalfWay, options), /compiler crashed/);
    assert.deepEqual(await readdir(dir), []);
  });

  it('takes away what a builder that was killed has left behind', async () => {
    const dir = await scratch();
    await mkdir(join(dir, 'thing.tmp-999999'));
    await writeFile(join(dir, 'thing.tmp-999999.work'), '');
    await writeFile(join(dir, 'thing-else.tmp-1'), '');
    await buildOnce(join(dir, 'thing'), (path) => writeFile(path, ''), options);
    assert.deepEqual((await readdir(dir)).sort(), ['thing', 'thing-else.tmp-1']);
  });

  it('is built by one of two that come at the same time, and found by the other', async () => {
    const target = join(await scratch(), 'thing');
    let builds = 0;
    const build = (path: string) => {
      builds += 1;
      return writeFile(path, '');
    };
    await Promise.all([buildOnce(target, build, options), buildOnce(target, build, options)]);
    assert.equal(builds, 1);
  });

  it('says that the disk became full, where, and what is needed, instead of an error code', async () => {
    const target = join(await scratch(), 'thing');
    await assert.rejects(buildOnce(target, fillDisk, { ...options, needs: 1000 }), (error: Error) => {
      assert.match(error.message, /^The disk became full while making a thing at \/.*it needs about 1 MB/);
      assert.match(error.message, /XDG_CACHE_HOME/);
      return true;
    });
  });

  it('is not begun when the disk has too little space', async () => {
    const target = join(await scratch(), 'thing');
    const needs = Number.MAX_SAFE_INTEGER;
    await assert.rejects(
      buildOnce(target, failHalfWay, { ...options, needs }),
      /^Error: Not enough disk space for a thing/,
    );
  });
});

describe('the cache', () => {
  it('is below XDG_CACHE_HOME where that is set', () => {
    assert.equal(cacheDir({ XDG_CACHE_HOME: '/big/disk' }), '/big/disk/control-plane-recovery');
  });

  it('has keys that tell apart what only runs together', () => {
    assert.notEqual(keyOf('ab', 'c'), keyOf('a', 'bc'));
    assert.match(keyOf('ab', 'c'), /^[0-9a-f]{8}$/);
  });
});

async function failHalfWay(path: string): Promise<void> {
  await mkdir(path);
  await writeFile(join(path, 'half'), '');
  throw new Error('compiler crashed');
}

async function fillDisk(): Promise<void> {
  throw Object.assign(new Error('write failed'), { code: 'ENOSPC' });
}

async function scratch(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cpr-cache-'));
  dirs.push(dir);
  return dir;
}
