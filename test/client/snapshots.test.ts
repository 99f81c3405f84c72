import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { newCopy } from '../../activities/connections/copy-store.ts';
import { cpr } from './support/console.ts';

const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function withTrailer(pages: Buffer): Buffer {
  return Buffer.concat([pages, createHash('sha256').update(pages).digest()]);
}

interface Stage {
  directory: string;
  file: (name: string) => string;
  run: (command: string) => ReturnType<typeof cpr>;
  store: (run: string, time: string, plain?: Buffer) => Promise<{ path: string; plain: Buffer }>;
}

function stage(t: TestContext): Stage {
  const directory = mkdtempSync(join(tmpdir(), 'cpr-snapshots-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = (name: string) => join(directory, name);
  const master = 'masters: { master-0: { address: 10.0.0.1 } }';
  const snapshots = `snapshots: { directory: ./copies, recipient: ${recipient} }`;
  writeFileSync(
    file('clusters.yaml'),
    `clusters: { lab: { api: { kubeconfig: k }, ${master}, ${snapshots} } }`,
  );
  writeFileSync(file('identity.txt'), `# created: today\n# public key: ${recipient}\n${identity}\n`);
  return {
    directory,
    file,
    run: (command) => cpr(`--config ${file('clusters.yaml')} snapshots ${command}`),
    async store(run, time, plain = withTrailer(randomBytes(200_000))) {
      const encrypter = new Encrypter();
      encrypter.addRecipient(recipient);
      const bytes = await encrypter.encrypt(plain);
      const key = { cluster: 'lab', run, time };
      const copy = await newCopy(file('copies'), key);
      await copy.write(bytes);
      const own = { node: 'master-0', recipient, sha256: sha256(plain), bytes: plain.length, revision: 4711 };
      const path = await copy.finish({ ...key, ...own, fileSha256: sha256(bytes), fileBytes: bytes.length });
      return { path, plain };
    },
  };
}

const [early, late] = ['2026-11-27T06:00:00.000Z', '2026-11-28T06:00:00.000Z'];

describe('cpr snapshots', { concurrency: 4 }, () => {
  it('lists the copies of a cluster, newest first', async (t) => {
    const { run, store } = stage(t);
    await store('er-1', early);
    await store('er-2', late);
    const { code, out } = await run('list lab');
    assert.equal(code, 0);
    assert.match(out, /er-2[\s\S]*er-1/);
    assert.match(out, /4711/);
  });

  it('says so when there is none', async (t) => {
    const { run } = stage(t);
    assert.match((await run('list lab')).out, /There is no copy/);
    assert.equal((await run('verify lab')).code, 1);
  });

  it('verifies a copy from outside without the key, and down to the snapshot with it', async (t) => {
    const { run, store, file } = stage(t);
    await store('er-1', early);
    const outside = await run('verify lab');
    assert.equal(outside.code, 0);
    assert.match(outside.out, /not opened/);
    const inside = await run(`verify lab --identity ${file('identity.txt')}`);
    assert.equal(inside.code, 0);
    assert.match(inside.out, /opened: the snapshot in it is whole/);
  });

  it('finds a copy of which one bit has changed', async (t) => {
    const { run, store } = stage(t);
    const { path } = await store('er-1', early);
    const bytes = readFileSync(path);
    bytes[5000] = (bytes[5000] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const { code, out } = await run('verify lab');
    assert.equal(code, 3);
    assert.match(out, /SHA-256 is not the one of its record/);
  });

  it('finds a snapshot that was no good when it was copied', async (t) => {
    const { run, store, file } = stage(t);
    await store('er-1', early, randomBytes(100_032));
    assert.equal((await run('verify lab')).code, 0);
    const { code, out } = await run(`verify lab --identity ${file('identity.txt')}`);
    assert.equal(code, 3);
    assert.match(out, /integrity trailer does not match/);
  });

  it('opens none with another key', async (t) => {
    const { run, store, file } = stage(t);
    await store('er-1', early);
    writeFileSync(file('identity.txt'), `${await generateX25519Identity()}\n`);
    const { code, out } = await run(`verify lab --identity ${file('identity.txt')}`);
    assert.equal(code, 3);
    assert.match(out, /cannot be opened/);
    const decrypted = await run(`decrypt lab --identity ${file('identity.txt')} --out ${file('s.db')}`);
    assert.equal(decrypted.code, 1);
    assert.equal(existsSync(file('s.db')), false);
  });

  it('decrypts the newest, or that of a run, for its owner alone', async (t) => {
    const { run, store, file } = stage(t);
    const { plain: first } = await store('er-1', early);
    const { plain: second } = await store('er-2', late);
    await run(`decrypt lab --identity ${file('identity.txt')} --out ${file('newest.db')}`);
    assert.deepEqual(readFileSync(file('newest.db')), second);
    assert.equal(statSync(file('newest.db')).mode & 0o777, 0o600);
    await run(`decrypt lab --identity ${file('identity.txt')} --out ${file('first.db')} --run er-1`);
    assert.deepEqual(readFileSync(file('first.db')), first);
  });

  it('never writes over a file, and leaves none that is not whole', async (t) => {
    const { run, store, file } = stage(t);
    await store('er-1', early, randomBytes(100_032));
    writeFileSync(file('there.db'), 'somebody’s');
    const key = file('identity.txt');
    assert.equal((await run(`decrypt lab --identity ${key} --out ${file('there.db')}`)).code, 1);
    assert.equal(readFileSync(file('there.db'), 'utf8'), 'somebody’s');
    assert.equal((await run(`decrypt lab --identity ${key} --out ${file('bad.db')}`)).code, 1);
    assert.deepEqual([existsSync(file('bad.db')), existsSync(file('bad.db.part'))], [false, false]);
  });

  it('takes a file without a private key for wrong usage, and shows none of it', async (t) => {
    const { run, store, file } = stage(t);
    await store('er-1', early);
    writeFileSync(file('identity.txt'), 'not a key\n');
    const { code, err } = await run(`verify lab --identity ${file('identity.txt')}`);
    assert.equal(code, 2);
    assert.doesNotMatch(err, /not a key/);
    const damage = identity.endsWith('X') ? 'Q' : 'X';
    writeFileSync(file('identity.txt'), `${identity.slice(0, -1)}${damage}\n`);
    const damaged = await run(`verify lab --identity ${file('identity.txt')}`);
    assert.equal(damaged.code, 2);
    assert.match(damaged.err, /is damaged/);
    assert.equal(damaged.err.includes(identity.slice(16, 40)), false);
  });
});
