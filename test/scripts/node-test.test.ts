import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { silentProgress } from '../../lab/host/progress.ts';
import { nodeTest } from '../../scripts/node-test.ts';

describe('A run of test files', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cpr-node-test-'));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  it('is ended by its silence, and says so, when a file hangs outside its tests', async () => {
    const hanging = join(directory, 'hanging.test.mjs');
    await writeFile(hanging, 'setInterval(() => {}, 1000);\nawait new Promise(() => {});\n');
    // Of its own: this run of tests must not take it for a part of itself.
    const env = { NODE_TEST_CONTEXT: undefined };
    const tests = { files: [hanging], flags: [], timeoutMinutes: 0.02, printAtEnd: true, env };
    await assert.rejects(
      nodeTest(tests, { progress: silentProgress(), signal: new AbortController().signal }),
      /No test has said anything for 0\.024 minutes .*: a file hangs outside its tests/,
    );
  });
});
