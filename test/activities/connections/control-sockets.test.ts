import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createControlSockets } from '../../../activities/connections/control-sockets.ts';

function parentDirectory(t: TestContext): string {
  const parent = mkdtempSync(join(tmpdir(), 'x-'));
  t.after(() => rmSync(parent, { recursive: true }));
  return parent;
}

describe('ssh control sockets', () => {
  it('lie in a private directory with a path short enough for a socket', (t) => {
    const sockets = createControlSockets([parentDirectory(t)]);
    const path = sockets.pathFor('master-1');
    assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
    assert.ok(path.replace('%C', 'c'.repeat(40)).length + 17 <= 107);
    sockets.remove();
  });

  it('are not used again after a call hung', (t) => {
    const sockets = createControlSockets([parentDirectory(t)]);
    const [before, other] = [sockets.pathFor('master-1'), sockets.pathFor('master-2')];
    sockets.discard('master-1');
    assert.notEqual(sockets.pathFor('master-1'), before);
    assert.equal(sockets.pathFor('master-2'), other);
    sockets.remove();
  });

  it('sweep away what a killed process left, and nothing else', (t) => {
    const parent = parentDirectory(t);
    const dead = spawnSync('true').pid;
    for (const name of [`cpr-ssh-${dead}-abcdef`, `cpr-ssh-${process.pid}-abcdef`, 'cpr-ssh-other', 'x']) {
      mkdirSync(join(parent, name));
    }
    const sockets = createControlSockets([parent]);
    sockets.remove();
    assert.deepEqual(
      readdirSync(parent).sort(),
      ['cpr-ssh-other', `cpr-ssh-${process.pid}-abcdef`, 'x'].sort(),
    );
  });

  it('say what to do when every path is too long', (t) => {
    const parent = join(parentDirectory(t), 'long'.repeat(20));
    mkdirSync(parent);
    assert.throws(() => createControlSockets([parent]), /set XDG_RUNTIME_DIR/);
  });
});
