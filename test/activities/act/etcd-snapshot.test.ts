import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  truncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { copySnapshot } from '../../../activities/act/etcd/copy.ts';
import { takeSnapshot } from '../../../activities/act/etcd/snapshot.ts';
import type { SnapshotPlace } from '../../../activities/connections/cluster.ts';
import type { NodeLane } from '../../../activities/connections/node-lane.ts';
import type { ActivityErrorType } from '../../../activities/contract.ts';
import { failure, isFailure } from '../../../activities/failure.ts';
import { fakeMasters, pins, runId, type FakeMasters } from '../support/fake-masters.ts';
import { clusterWith } from '../support/fake-node.ts';

const { signal } = new AbortController();
const concurrency = 3;
const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);
const onNode = `var/lib/etcd-recovery/${runId}/snapshot.db`;

function fails(type: ActivityErrorType, words?: RegExp) {
  return (error: unknown) => {
    assert.ok(isFailure(error, type), String(error));
    if (words) assert.match((error as Error).message, words);
    return true;
  };
}

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

describe('a snapshot', { concurrency }, () => {
  it('is taken through the executor, for root alone, and nothing is left beside the data', async (t) => {
    const masters = fakeMasters(t);
    const on = masters.of('master-0');
    const taken = await takeSnapshot(masters.lane, pins(), signal);
    const file = join(on.root, onNode);
    assert.deepEqual(
      { path: taken.path, bytes: taken.bytes, sha256: taken.sha256, revision: taken.revision },
      { path: `/${onNode}`, bytes: 20480 + 32, sha256: sha256(readFileSync(file)), revision: 4711 },
    );
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(join(file, '..')).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(join(on.root, 'var/lib/etcd')), ['member']);
  });

  it('of this run is taken once, also when the cluster has gone on since', async (t) => {
    const masters = fakeMasters(t);
    const first = await takeSnapshot(masters.lane, pins(), signal);
    masters.tell('revision', '9999');
    const second = await takeSnapshot(masters.lane, pins(), signal);
    assert.deepEqual({ ...second, changed: true, sentence: first.sentence }, first);
    assert.equal(second.changed, false);
  });

  it('that is older than an hour is taken again, and the old one stays beside it', async (t) => {
    const masters = fakeMasters(t);
    const on = masters.of('master-0');
    const first = await takeSnapshot(masters.lane, pins(), signal);
    const old = readFileSync(join(on.root, onNode));
    const aged = (minutes: number) => {
      const then = Date.now() / 1000 - minutes * 60;
      utimesSync(join(on.root, onNode), then, then);
    };
    aged(55);
    assert.equal((await takeSnapshot(masters.lane, pins(), signal)).changed, false);
    aged(65);
    masters.tell('revision', '9999');
    const second = await takeSnapshot(masters.lane, pins(), signal);
    assert.deepEqual([second.changed, second.revision], [true, 9999]);
    assert.notEqual(second.sha256, first.sha256);
    const files = readdirSync(join(on.root, onNode, '..'));
    const kept = files.find((name) => /^snapshot-\d{8}T\d{6}Z\.db$/.test(name)) ?? '';
    assert.deepEqual(readFileSync(join(on.root, onNode, '..', kept)), old);
    assert.ok(files.includes(kept.replace(/db$/, 'record')));
    assert.equal((await takeSnapshot(masters.lane, pins(), signal)).changed, false);
  });

  it('is taken, and where it is large also sent, at the lowest priority, so that the member there comes first', async (t) => {
    const masters = fakeMasters(t);
    const on = masters.of('master-0');
    on.write(
      'fake/die',
      `[ "$0" = bash ] || return 0
sha256sum() { nice >>"$CPR_ROOT/fake/niceness"; command sha256sum "$@"; }
head() { nice >>"$CPR_ROOT/fake/niceness-head"; [ -e "$CPR_ROOT/fake/large" ] || command head "$@"; }
`,
    );
    const { sha256: hash } = await takeSnapshot(masters.lane, pins(), signal);
    const niceness = (file: string) => [...new Set(on.read(file).trim().split('\n'))];
    assert.deepEqual(niceness('fake/niceness'), ['19']);
    const sentAt = async () => {
      rmSync(join(on.root, 'fake/niceness-head'));
      await masters.lane
        .stream({
          node: 'master-0',
          script: 'stream-snapshot.sh',
          runId,
          args: ['master-0', hash],
          timeoutMs: 60_000,
          mostBytes: 2 ** 30,
          signal,
          body: () => Promise.resolve(),
        })
        .catch(() => undefined);
      return niceness('fake/niceness-head');
    };
    assert.notDeepEqual(await sentAt(), ['19']);
    // As large as that, and without anything in it.
    truncateSync(join(on.root, onNode), 2 ** 28);
    on.write('fake/large', '');
    assert.deepEqual(await sentAt(), ['19']);
  });

  const faults: [string, string, string, RegExp][] = [
    ['whose trailer does not match', 'fake/bad-trailer', '', /trailer/],
    ['in which a page fails its check', 'fake/bad-pages', '', /page/],
    ['older than what another member has', 'fake/snapshot-revision', '4710', /4710 is older than 4711/],
  ];
  for (const [what, file, content, words] of faults) {
    it(`${what} is not one to rely on, and gets no name`, async (t) => {
      const masters = fakeMasters(t);
      masters.of('master-0').write(file, content);
      await assert.rejects(takeSnapshot(masters.lane, pins(), signal), fails('SnapshotNotVerified', words));
      assert.equal(masters.of('master-0').has(onNode), false);
      assert.deepEqual(readdirSync(join(masters.of('master-0').root, 'var/lib/etcd')), ['member']);
    });
  }

  it('is measured by the member that has come furthest, whichever takes it', async (t) => {
    const masters = fakeMasters(t);
    masters.of('master-1').write('fake/revision', '5000');
    await assert.rejects(
      takeSnapshot(masters.lane, pins(), signal),
      fails('SnapshotNotVerified', /older than 5000/),
    );
  });

  it('is not taken where there is no room for it', async (t) => {
    const masters = fakeMasters(t);
    masters.of('master-0').write('fake/full', '');
    await assert.rejects(
      takeSnapshot(masters.lane, pins(), signal),
      fails('NodeScriptFailed', /bytes are free/),
    );
    assert.equal(
      masters
        .of('master-0')
        .calls()
        .some((call) => call.includes('snapshot save')),
      false,
    );
  });

  it('that was changed since is no snapshot to rely on', async (t) => {
    const masters = fakeMasters(t);
    await takeSnapshot(masters.lane, pins(), signal);
    masters.of('master-0').write(onNode, 'something else');
    await assert.rejects(
      takeSnapshot(masters.lane, pins(), signal),
      fails('NodeScriptFailed', /not what its record says/),
    );
  });

  it('is not taken while a survivor cannot be asked how far it has come', async (t) => {
    const masters = fakeMasters(t);
    masters.of('master-1').write('fake/member-silent', '');
    await assert.rejects(takeSnapshot(masters.lane, pins(), signal), fails('MembershipUnclear'));
  });
});

interface Stage {
  masters: FakeMasters;
  directory: string;
  copy: (change?: Partial<SnapshotPlace>, lane?: NodeLane, run?: string) => ReturnType<typeof copySnapshot>;
}

async function stage(t: TestContext): Promise<Stage> {
  const masters = fakeMasters(t);
  const parent = mkdtempSync(join(tmpdir(), 'cpr-copies-'));
  t.after(() => rmSync(parent, { recursive: true }));
  const directory = join(parent, 'copies');
  const taken = await takeSnapshot(masters.lane, pins(), signal);
  return {
    masters,
    directory,
    copy: (change, lane = masters.lane, run = runId) => {
      const snapshots = { directory, recipient, keep: { copies: 5 }, ...change };
      const cluster = { ...clusterWith('master-0'), snapshots };
      return copySnapshot({ cluster, lane, signal }, pins({ recipient, runId: run }), taken);
    },
  };
}

describe('a copy of it', { concurrency }, () => {
  it('is what was verified, and only the private key opens it', async (t) => {
    const { masters, directory, copy } = await stage(t);
    const { path, changed } = await copy();
    assert.equal(changed, true);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    const plain = await decrypter.decrypt(readFileSync(path));
    assert.deepEqual(Buffer.from(plain), readFileSync(join(masters.of('master-0').root, onNode)));
    assert.deepEqual(readdirSync(directory).length, 2, 'the copy and its record');
  });

  it('is made once', async (t) => {
    const { directory, copy } = await stage(t);
    const first = await copy();
    const second = await copy();
    assert.deepEqual([second.path, second.changed], [first.path, false]);
    assert.equal(readdirSync(directory).length, 2);
  });

  it('of each of two snapshots of a run is found again', async (t) => {
    const { masters, directory, copy } = await stage(t);
    const { path: first } = await copy();
    const on = masters.of('master-0');
    const then = Date.now() / 1000 - 7_200;
    utimesSync(join(on.root, onNode), then, then);
    const later = await takeSnapshot(masters.lane, pins(), signal);
    // The name of a copy has the second in which it was begun.
    await sleep(1_100);
    const snapshots = { directory, recipient, keep: { copies: 5 } };
    const cluster = { ...clusterWith('master-0'), snapshots };
    const copyLater = () => copySnapshot({ cluster, lane: masters.lane, signal }, pins({ recipient }), later);
    const { path, changed } = await copyLater();
    assert.equal(changed, true);
    assert.notEqual(path, first);
    assert.deepEqual([(await copyLater()).path, (await copyLater()).changed], [path, false]);
    assert.equal((await copy()).changed, false);
  });

  it('that was damaged since is made anew', async (t) => {
    const { copy } = await stage(t);
    const { path } = await copy();
    writeFileSync(path, 'damaged');
    assert.equal((await copy()).changed, true);
  });

  it('whose bytes are not those that were verified is none', async (t) => {
    const { masters, directory, copy } = await stage(t);
    const file = join(masters.of('master-0').root, onNode);
    const bytes = readFileSync(file);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    await assert.rejects(copy(), fails('SnapshotNotVerified'));
    assert.deepEqual(readdirSync(directory), []);
  });

  it('that broke off leaves nothing that could be taken for one', async (t) => {
    const { masters, directory, copy } = await stage(t);
    const broken: NodeLane = {
      ...masters.lane,
      async stream(call) {
        await call.body(Buffer.alloc(1000));
        throw failure('NodeUnreachable', 'connection lost');
      },
    };
    await assert.rejects(copy({}, broken), fails('NodeUnreachable'));
    assert.deepEqual(readdirSync(directory), []);
    assert.equal((await copy()).changed, true);
  });

  it('is not made to another key than was approved', async (t) => {
    const { copy } = await stage(t);
    const other = await identityToRecipient(await generateX25519Identity());
    await assert.rejects(copy({ recipient: other }), fails('PreconditionFailed', /another key/));
  });

  it('says where it could not be written', async (t) => {
    const { directory, copy } = await stage(t);
    writeFileSync(directory, 'a file where a directory should be');
    await assert.rejects(copy(), fails('PreconditionFailed', /cannot be written to .*copies/));
  });

  it('makes room by removing the oldest of ours, and never a file that is not', async (t) => {
    const { masters, directory, copy } = await stage(t);
    const { path: first } = await copy();
    const foreign = ['notes.txt', 'etcd_fake_20200101T000000Z_x.age', 'etcd_other_20200101T000000Z_x.age'];
    for (const name of foreign) writeFileSync(join(directory, name), 'somebody’s');
    // The snapshot of another run, which is the same file here.
    const on = masters.of('master-0');
    for (const file of ['snapshot.db', 'snapshot.record'])
      on.write(`var/lib/etcd-recovery/er-later/${file}`, on.read(`var/lib/etcd-recovery/${runId}/${file}`));
    writeFileSync(
      join(on.root, 'var/lib/etcd-recovery/er-later/snapshot.db'),
      readFileSync(join(on.root, onNode)),
    );
    const { path: second } = await copy({ keep: { copies: 1 } }, masters.lane, 'er-later');
    const left = readdirSync(directory);
    assert.equal(left.includes(first.split('/').at(-1) ?? ''), false);
    assert.equal(left.includes(second.split('/').at(-1) ?? ''), true);
    for (const name of foreign) assert.ok(left.includes(name), name);
  });
});
