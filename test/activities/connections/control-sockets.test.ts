import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createControlSockets, type SshWay } from '../../../activities/connections/control-sockets.ts';

function parentDirectory(t: TestContext): string {
  const parent = mkdtempSync(join(tmpdir(), 'x-'));
  t.after(() => rmSync(parent, { recursive: true }));
  return parent;
}

const master1: SshWay = { cluster: 'prod-eu-1', node: 'master-1', address: '10.0.0.12', user: 'core' };
const master2: SshWay = { ...master1, node: 'master-2', address: '10.0.0.13' };

describe('ssh control sockets', () => {
  it('lie in a private directory with a path short enough for a socket', (t) => {
    const sockets = createControlSockets([parentDirectory(t)]);
    const path = sockets.pathFor(master1);
    assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
    assert.ok(path.length + 17 <= 107);
    sockets.remove();
  });

  it('are shared only by the same node of the same cluster, reached in the same way', (t) => {
    const sockets = createControlSockets([parentDirectory(t)]);
    const others = [
      master2,
      { ...master1, cluster: 'prod-eu-2' },
      { ...master1, address: '10.0.0.99' },
      { ...master1, user: 'root' },
      { ...master1, config: '/etc/cpr/other' },
    ];
    const paths = [master1, ...others].map((way) => sockets.pathFor(way));
    assert.equal(new Set(paths).size, paths.length);
    assert.equal(sockets.pathFor({ ...master1 }), paths[0]);
    sockets.remove();
  });

  it('are not used again after a call hung', (t) => {
    const sockets = createControlSockets([parentDirectory(t)]);
    const [before, other] = [sockets.pathFor(master1), sockets.pathFor(master2)];
    sockets.discard(master1);
    assert.notEqual(sockets.pathFor(master1), before);
    assert.equal(sockets.pathFor(master2), other);
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

  it('go with the process, however many there are, by one listener', (t) => {
    const parent = parentDirectory(t);
    const before = process.listenerCount('exit');
    const all = Array.from({ length: 12 }, () => createControlSockets([parent]));
    assert.ok(process.listenerCount('exit') <= before + 1);
    for (const sockets of all) sockets.remove();
    assert.deepEqual(readdirSync(parent), []);
  });
});
