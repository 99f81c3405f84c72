import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeDirectory } from '../../../activities/connections/make-directory.ts';

test('a directory is made with those above it, for its owner alone, however often that is asked', async (t) => {
  const base = mkdtempSync(join(tmpdir(), 'cpr-copies-'));
  t.after(() => rmSync(base, { recursive: true }));
  const path = join(base, 'one/two/three');
  await Promise.all([makeDirectory(path), makeDirectory(path)]);
  await makeDirectory(path);
  assert.equal(statSync(path).mode & 0o777, 0o700);
  writeFileSync(join(base, 'file'), '');
  await assert.rejects(makeDirectory(join(base, 'file')), { code: 'EEXIST' });
  await assert.rejects(makeDirectory(join(base, 'file/below')), { code: 'ENOTDIR' });
});

test('where no directory can be made, that is said at once', { timeout: 20_000 }, async () => {
  await assert.rejects(makeDirectory('/proc/control-plane-recovery/copies'), { code: 'ENOENT' });
});
