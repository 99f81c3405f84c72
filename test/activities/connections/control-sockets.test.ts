import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createControlSockets, type SshWay } from '../../../activities/connections/control-sockets.ts';

function parentDirectory(t: TestContext): string {
  const parent = mkdtempSync(join(tmpdir(), 'x-'));
  t.after(() => rmSync(parent, { recursive: true }));
  return parent;
}

/** An ssh, first on the PATH, that notes what it is asked. */
function recordSsh(t: TestContext): () => string[] {
  const directory = mkdtempSync(join(tmpdir(), 'x-'));
  const { PATH } = process.env;
  t.after(() => {
    process.env['PATH'] = PATH;
    rmSync(directory, { recursive: true });
  });
  writeFileSync(join(directory, 'ssh'), `#!/bin/sh\necho "$*" >>'${directory}/said'\n`, { mode: 0o755 });
  process.env['PATH'] = `${directory}:${PATH}`;
  return () => readFileSync(join(directory, 'said'), 'utf8').trim().split('\n');
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

  it('end their connections as they go, and those of a killed process, by the socket of each and nothing else', (t) => {
    const parent = parentDirectory(t);
    const dead = join(parent, `cpr-ssh-${spawnSync('true').pid}-abcdef`);
    mkdirSync(dead);
    writeFileSync(join(dead, `0-${'a'.repeat(24)}`), '');
    writeFileSync(join(dead, 'other'), '');
    const said = recordSsh(t);
    const sockets = createControlSockets([parent]);
    const own = sockets.pathFor(master1);
    writeFileSync(own, '');
    sockets.remove();
    assert.deepEqual(
      said(),
      [join(dead, `0-${'a'.repeat(24)}`), own].map((path) => `-F none -O exit -o ControlPath=${path} -- any`),
    );
    assert.deepEqual(readdirSync(parent), []);
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
