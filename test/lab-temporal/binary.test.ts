import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Progress } from '../../lab/host/progress.ts';
import { silentProgress } from '../../lab/host/progress.ts';
import { resolveTemporalBinary } from '../../lab/temporal/binary.ts';

describe('the temporal command is looked for in one order', () => {
  let directory: string;
  let said: string[];
  let progress: Progress;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cpr-binary-'));
    said = [];
    progress = { ...silentProgress(), say: (text) => void said.push(text) };
  });
  afterEach(() => rm(directory, { recursive: true }));

  /** A command that answers `--version` as the real one does. */
  async function command(
    path: string,
    answer = 'temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)',
  ): Promise<string> {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
    return join(directory, path);
  }

  function resolve(env: NodeJS.ProcessEnv): Promise<string> {
    return resolveTemporalBinary({
      progress,
      build: () => Promise.resolve('built'),
      env: { XDG_CACHE_HOME: directory, ...env },
    });
  }

  it('TEMPORAL_CLI_PATH before the PATH, the PATH before what the SDK has downloaded', async () => {
    const named = await command('named/temporal');
    const onPath = await command('bin/temporal');
    const kept = await command('control-plane-recovery/temporal/sdk-1.24.0/temporal-cli');
    const PATH = join(directory, 'bin');
    assert.equal(await resolve({ TEMPORAL_CLI_PATH: named, PATH }), named);
    assert.equal(await resolve({ PATH }), onPath);
    assert.equal(await resolve({ PATH: '/nowhere' }), kept);
    assert.deepEqual(said, []);
  });

  it('one on the PATH whose server is too old is passed over, and why is said', async () => {
    const old = await command('old/temporal', 'temporal version 0.13.0 (Server 1.22.4, UI 2.15.0)');
    const fit = await command('new/temporal');
    assert.equal(await resolve({ PATH: `${dirname(old)}:${dirname(fit)}` }), fit);
    assert.deepEqual(said, [`Passing over ${old}: its server is 1.22, at least 1.28 is needed.`]);
  });

  it('one on the PATH that is something else is passed over', async () => {
    const other = await command('other/temporal', 'usage: temporal [-v]');
    const fit = await command('new/temporal');
    assert.equal(await resolve({ PATH: `${dirname(other)}:${dirname(fit)}` }), fit);
    assert.match(said.join(), /does not answer as the temporal command does/);
  });

  it('a named one that cannot be used is an error, never passed over', async () => {
    const PATH = dirname(await command('bin/temporal'));
    await assert.rejects(
      resolve({ TEMPORAL_CLI_PATH: '/nowhere/temporal', PATH }),
      /TEMPORAL_CLI_PATH=\/nowhere\/temporal cannot be used: it is not an executable file\. Correct it or unset it\./,
    );
    const old = await command('old/temporal', 'temporal version 0.13.0 (Server 1.22.4, UI 2.15.0)');
    await assert.rejects(resolve({ TEMPORAL_CLI_PATH: old, PATH }), /its server is 1\.22/);
  });
});
