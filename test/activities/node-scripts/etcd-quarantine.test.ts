import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { isFailure } from '../../../activities/failure.ts';
import { fakeMasters, runId } from '../support/fake-masters.ts';
import type { FakeNode } from '../support/fake-node.ts';

const node = 'master-2';
const manifest = 'etc/kubernetes/manifests/etcd-pod.yaml';
const member = 'var/lib/etcd/member';
const aside = `var/lib/etcd/quarantine-${runId}`;
const concurrency = 4;

type Script = 'quarantine-etcd.sh' | 'restore-etcd.sh';

function run(on: FakeNode, script: Script, what = 'all') {
  const args = script === 'restore-etcd.sh' ? [node, what] : [node];
  return on.lane.run({ node, script, runId, args, timeoutMs: 60_000 });
}

function master(t: TestContext): FakeNode {
  return fakeMasters(t).of(node);
}

/** Everything below a directory with its content, but for what the fakes and the lock leave. */
function treeOf(on: FakeNode): Record<string, string> {
  const files = readdirSync(on.root, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name).slice(on.root.length + 1));
  const own = paths.filter((path) => path.startsWith('var/lib/etcd/') || path.startsWith('etc/'));
  return Object.fromEntries(own.sort().map((path) => [path, on.read(path)]));
}

/** The next run of a script is killed before its n-th command that changes something. */
function killBefore(on: FakeNode, n: number): void {
  const changes = String.raw`mv\ *|rm\ *|rmdir\ *|cp\ *|ln\ *|:\ *`;
  on.write(
    'fake/die',
    `[ "$0" = bash ] || return 0
set -T; n=0
trap 'case $BASH_COMMAND in ${changes}) n=$((n + 1)); [ $n -lt ${n} ] || { rm -f "$CPR_ROOT/fake/die"; kill -9 $BASHPID $$; } ;; esac' DEBUG
`,
  );
}

/** Two and a half minutes are not waited for in a test: the shell counts faster. */
function hurry(on: FakeNode): void {
  on.write('fake/die', `[ "$0" = bash ] || return 0\nsleep() { SECONDS=$((SECONDS + 30)); }\n`);
}

/** A command fails on the arguments that match, as on a disk that cannot be written any more. */
function fails(on: FakeNode, command: string, pattern: string): void {
  on.write(
    'fake/die',
    `[ "$0" = bash ] || return 0
${command}() { case "$*" in ${pattern}) echo '${command}: Input/output error' >&2; return 1 ;; *) command ${command} "$@" ;; esac; }
`,
  );
}

/** Kills at each change in turn, until one run gets through; after each kill `again` must put everything right. */
async function killedAnywhere(
  make: () => Promise<FakeNode>,
  script: Script,
  again: (on: FakeNode, at: number) => Promise<void>,
): Promise<number> {
  for (let n = 1; n < 60; n++) {
    const on = await make();
    killBefore(on, n);
    const survived = await run(on, script).then(
      () => true,
      () => false,
    );
    if (survived && existsSync(join(on.root, 'fake/die'))) return n - 1;
    await again(on, n);
  }
  return assert.fail('it never gets through');
}

describe('quarantine-etcd.sh', { concurrency }, () => {
  it('moves the data aside on its own file system, and has the manifest back byte for byte', async (t) => {
    const on = master(t);
    const before = treeOf(on);
    const said = await run(on, 'quarantine-etcd.sh');
    assert.deepEqual({ ...said }, { changed: 'yes', directory: `/${aside}`, data: 'moved' });
    assert.equal(on.read(`${aside}/member/snap/db`), before[`${member}/snap/db`]);
    assert.equal(on.has(member), false);
    assert.equal(on.read(manifest), before[manifest]);
    assert.equal(statSync(join(on.root, aside)).mode & 0o777, 0o700);
  });

  it('waits until the containers have really ended before it moves anything', async (t) => {
    const on = master(t);
    on.write('fake/kubelet-deaf', '');
    hurry(on);
    await assert.rejects(run(on, 'quarantine-etcd.sh'), (error) => {
      return isFailure(error, 'NodeScriptFailed') && /did not end/.test((error as Error).message);
    });
    assert.equal(on.read(`${member}/snap/db`), 'pages of a database');
    assert.equal(on.has(manifest), true, 'the manifest is back');
  });

  it('has the manifest back at once when the data cannot be moved, and says so', async (t) => {
    for (const [command, pattern] of [
      ['mv', '*/var/lib/etcd/member*'],
      ['sync', '"-f "*'],
    ] as const) {
      const on = master(t);
      const before = on.read(manifest);
      fails(on, command, pattern);
      await assert.rejects(run(on, 'quarantine-etcd.sh'), (error) => {
        const { message } = error as Error;
        return isFailure(error, 'NodeScriptFailed') && /the manifest of etcd is back in place/.test(message);
      });
      assert.equal(on.read(manifest), before, command);
      assert.equal(on.has(`${manifest.replace('etcd-pod', '.etcd-pod')}.cpr-${runId}`), false);
      on.write('fake/die', '');
      await run(on, 'quarantine-etcd.sh');
      assert.equal(on.read(`${aside}/member/snap/db`), 'pages of a database', 'a retry goes on');
      assert.equal(on.read(manifest), before);
    }
  });

  it('says where the manifest lies when it cannot be put back either', async (t) => {
    const on = master(t);
    on.write(
      'fake/die',
      `[ "$0" = bash ] || return 0
mv() { case "$*" in */var/lib/etcd/member*) touch "$CPR_ROOT/fake/full"; return 1 ;; *) command mv "$@" ;; esac; }
cp() { [ ! -e "$CPR_ROOT/fake/full" ] && command cp "$@"; }
`,
    );
    await assert.rejects(run(on, 'quarantine-etcd.sh'), (error) => {
      const { message } = error as Error;
      return (
        isFailure(error, 'NodeScriptFailed') &&
        message.includes(
          `THE MANIFEST OF ETCD IS OUT and cannot be put back: it lies in /${aside}/etcd-pod.yaml`,
        )
      );
    });
  });

  it('has the manifest back also when an attempt before was killed with it out, and the retry fails', async (t) => {
    const on = master(t);
    const before = on.read(manifest);
    on.write('fake/kubelet-deaf', '');
    for (let n = 1; on.has(manifest); n++) {
      assert.ok(n < 60, 'it is taken out at some point');
      killBefore(on, n);
      await assert.rejects(run(on, 'quarantine-etcd.sh'));
    }
    hurry(on);
    await assert.rejects(
      run(on, 'quarantine-etcd.sh'),
      /did not end.*the manifest of etcd is back in place/s,
    );
    assert.equal(on.read(manifest), before);
  });

  it('takes a runtime that does not answer for no sign that they have', async (t) => {
    const on = master(t);
    on.write('fake/crictl-fails', '');
    hurry(on);
    await assert.rejects(run(on, 'quarantine-etcd.sh'));
    assert.equal(on.has(member), true);
    assert.equal(on.has(manifest), true);
  });

  it('run again changes nothing, whatever a new etcd has written since', async (t) => {
    const on = master(t);
    await run(on, 'quarantine-etcd.sh');
    on.write(`${member}/snap/db`, 'of the member that came after');
    assert.equal((await run(on, 'quarantine-etcd.sh'))['changed'], 'no');
    assert.equal(on.read(`${member}/snap/db`), 'of the member that came after');
    assert.equal(on.read(`${aside}/member/snap/db`), 'pages of a database');
  });

  it('keeps a manifest that the operator writes meanwhile', async (t) => {
    const on = master(t);
    killBefore(on, 8);
    await run(on, 'quarantine-etcd.sh').catch(() => {});
    on.write(manifest, '# revision 8\n');
    await run(on, 'quarantine-etcd.sh');
    assert.equal(on.read(manifest), '# revision 8\n');
  });

  it('changes nothing where there is no manifest to take out', async (t) => {
    const on = master(t);
    unlinkSync(join(on.root, manifest));
    await assert.rejects(run(on, 'quarantine-etcd.sh'), (error) => isFailure(error, 'PreconditionFailed'));
    assert.equal(on.has(`${member}/snap/db`), true);
  });

  it('killed anywhere, the next run of it ends in the same place', async (t) => {
    const whole = master(t);
    await run(whole, 'quarantine-etcd.sh');
    const wanted = treeOf(whole);
    const kills = await killedAnywhere(
      async () => master(t),
      'quarantine-etcd.sh',
      async (on, at) => {
        await run(on, 'quarantine-etcd.sh');
        assert.deepEqual(treeOf(on), wanted, `killed at change ${at}`);
      },
    );
    assert.ok(kills > 8, `it was killed at ${kills} places`);
  });

  it('killed anywhere, it can be undone', async (t) => {
    const wanted = treeOf(master(t));
    await killedAnywhere(
      async () => master(t),
      'quarantine-etcd.sh',
      async (on, at) => {
        await run(on, 'restore-etcd.sh');
        assert.deepEqual(treeOf(on), wanted, `killed at change ${at}`);
      },
    );
  });
});

async function quarantined(t: TestContext): Promise<FakeNode> {
  const on = master(t);
  await run(on, 'quarantine-etcd.sh');
  on.write('fake/seen-without-manifest', '');
  return on;
}

describe('restore-etcd.sh', { concurrency }, () => {
  it('has everything as it was, and leaves nothing of the run', async (t) => {
    const wanted = treeOf(master(t));
    const on = await quarantined(t);
    assert.equal((await run(on, 'restore-etcd.sh'))['changed'], 'yes');
    assert.deepEqual(treeOf(on), wanted);
    assert.equal(on.has(aside), false);
  });

  it('of a member that was removed has the manifest back alone, and the data stays aside', async (t) => {
    const on = await quarantined(t);
    const before = on.read(manifest);
    unlinkSync(join(on.root, manifest));
    const said = await run(on, 'restore-etcd.sh', 'manifest');
    assert.equal(said['changed'], 'yes');
    assert.equal(on.read(manifest), before);
    assert.equal(on.has(member), false);
    assert.equal(on.has(`${aside}/member/snap/db`), true);
  });

  it('twice is once', async (t) => {
    const on = await quarantined(t);
    await run(on, 'restore-etcd.sh');
    assert.equal((await run(on, 'restore-etcd.sh'))['changed'], 'no');
  });

  it('never puts old data over new', async (t) => {
    const on = await quarantined(t);
    on.write(`${member}/snap/db`, 'of the member that came after');
    await assert.rejects(run(on, 'restore-etcd.sh'), (error) => isFailure(error, 'PreconditionFailed'));
    assert.equal(on.read(`${member}/snap/db`), 'of the member that came after');
    assert.equal(on.read(`${aside}/member/snap/db`), 'pages of a database');
    assert.equal(on.has(manifest), true);
  });

  it('has the manifest back at once when the data cannot be moved back', async (t) => {
    const on = await quarantined(t);
    const before = on.read(manifest);
    fails(on, 'mv', '*/member*');
    await assert.rejects(run(on, 'restore-etcd.sh'), /the manifest of etcd is back in place/);
    assert.equal(on.read(manifest), before);
    assert.equal(on.has(`${aside}/member/snap/db`), true);
  });

  it('keeps a quarantine that comes too late from doing anything', async (t) => {
    const on = master(t);
    await run(on, 'restore-etcd.sh');
    await assert.rejects(run(on, 'quarantine-etcd.sh'), (error) => isFailure(error, 'PreconditionFailed'));
    assert.equal(on.has(`${member}/snap/db`), true);
  });

  it('killed anywhere, the next run of it ends in the same place', async (t) => {
    const wanted = treeOf(master(t));
    const kills = await killedAnywhere(
      () => quarantined(t),
      'restore-etcd.sh',
      async (on, at) => {
        await run(on, 'restore-etcd.sh');
        assert.deepEqual(treeOf(on), wanted, `killed at change ${at}`);
      },
    );
    assert.ok(kills > 8, `it was killed at ${kills} places`);
  });
});
