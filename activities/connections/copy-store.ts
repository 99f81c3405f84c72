import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, open, readdir, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { copyName, copyRecordIn, isNamedSo, type CopyRecord } from '../../domain/etcd/copies.ts';
import { makeDirectory } from './make-directory.ts';

/** The encrypted copies of snapshots in one directory of this host. */

export interface StoredCopy {
  path: string;
  record: CopyRecord;
}

/** Its record, beside each copy. */
function recordPath(path: string): string {
  return `${path}.json`;
}

/** Those of one cluster, newest first. A directory that is not there holds none; whatever has no record of ours is left out. */
export async function listCopies(directory: string, cluster: string): Promise<StoredCopy[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const own = names.filter((name) => name.startsWith(`etcd_${cluster}_`) && name.endsWith('.age'));
  const found = await Promise.all(own.map((name) => readCopy(directory, name)));
  return found
    .filter((one) => one !== undefined)
    .filter(({ record }) => record.cluster === cluster)
    .toSorted((a, b) => Date.parse(b.record.time) - Date.parse(a.record.time));
}

async function readCopy(directory: string, name: string): Promise<StoredCopy | undefined> {
  const path = join(directory, name);
  try {
    if (!(await lstat(path)).isFile() || !(await lstat(recordPath(path))).isFile()) return undefined;
    const record = copyRecordIn(await readFile(recordPath(path), 'utf8'));
    return record && isNamedSo(name, record) ? { path, record } : undefined;
  } catch {
    return undefined;
  }
}

export interface CopyFile {
  write(bytes: Uint8Array): Promise<void>;
  /** On the disk and under its name, with its record. Until then it has none that anybody would take for a copy. */
  finish(record: CopyRecord): Promise<string>;
  /** Nothing of it stays. */
  discard(): Promise<void>;
}

/** A new copy, mode 0600 in a directory of mode 0700. */
export async function newCopy(
  directory: string,
  key: Pick<CopyRecord, 'cluster' | 'run' | 'time'>,
): Promise<CopyFile> {
  await makeDirectory(directory);
  await sweep(directory, key);
  const path = join(directory, copyName(key));
  const unfinished = join(directory, `${partPrefix(key)}${randomBytes(6).toString('hex')}.part`);
  const file = await open(unfinished, 'wx', 0o600);
  return {
    write: (bytes) => writeAll(file, bytes),
    async finish(record) {
      await file.sync();
      await file.close();
      await writeRecord(recordPath(path), record);
      await rename(unfinished, path);
      await syncDirectory(directory);
      return path;
    },
    async discard() {
      await file.close().catch(() => {});
      await rm(unfinished, { force: true });
    },
  };
}

export async function removeCopy({ path }: StoredCopy): Promise<void> {
  await rm(path, { force: true });
  await rm(recordPath(path), { force: true });
}

/** SHA-256 and length of a file, read once from beginning to end. */
export async function digestOf(path: string): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { sha256: hash.digest('hex'), bytes };
}

/** With a dot before it, and no `.age` at its end: nothing lists it. */
function partPrefix({ cluster, run }: Pick<CopyRecord, 'cluster' | 'run'>): string {
  return `.etcd_${cluster}_${run}.`;
}

/** What an attempt of this run that was killed was writing. */
async function sweep(directory: string, key: Pick<CopyRecord, 'cluster' | 'run'>): Promise<void> {
  const names = await readdir(directory);
  const old = names.filter((name) => name.startsWith(partPrefix(key)) && name.endsWith('.part'));
  await Promise.all(old.map((name) => rm(join(directory, name), { force: true })));
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten;
}

async function writeRecord(path: string, record: CopyRecord): Promise<void> {
  const unfinished = `${path}.part`;
  const file = await open(unfinished, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(record, undefined, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
