import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, open, readFile, rm, type FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { Decrypter } from 'age-encryption';
import { digestOf, listCopies, type StoredCopy } from '../activities/connections/copy-store.ts';

/** What a person does with the encrypted copies of snapshots, where they lie. */

export { listCopies, type StoredCopy };

export interface CopyCheck {
  /** Whether it was opened with a private key, or only looked at from outside. */
  opened: boolean;
  /** One sentence each; empty: it is what its record says. */
  faults: string[];
}

const trailerBytes = 32;

/** With `identities` it is decrypted to nowhere, and the snapshot in it is checked as etcd would when it is restored. */
export async function checkCopy(copy: StoredCopy, identities: string[] = []): Promise<CopyCheck> {
  const { path, record } = copy;
  const faults: string[] = [];
  const head = await headOf(path);
  if (!head.startsWith('age-encryption.org/v1\n')) faults.push('it is no file of age');
  const is = await digestOf(path);
  if (is.bytes !== record.fileBytes) faults.push(`it has ${is.bytes} bytes, not ${record.fileBytes}`);
  else if (is.sha256 !== record.fileSha256) faults.push('its SHA-256 is not the one of its record');
  if (identities.length === 0) return { opened: false, faults };
  const plain = await openCopy(copy, identities, async () => {}).catch((error: Error) => error);
  if (plain instanceof Error)
    return { opened: false, faults: [...faults, `it cannot be opened: ${plain.message}`] };
  return { opened: true, faults: [...faults, ...plain] };
}

/**
 * Writes the snapshot in a copy to a new file, mode 0600, that gets its name only when everything was right. Throws where there is a
 * file of that name, or the copy is not what its record says.
 */
export async function decryptCopy(copy: StoredCopy, identities: string[], to: string): Promise<void> {
  const unfinished = `${to}.part`;
  const file = await open(unfinished, 'wx', 0o600);
  try {
    const faults = await openCopy(copy, identities, (bytes) => writeAll(file, bytes));
    if (faults.length > 0) throw new Error(faults.join('; '));
    await file.sync();
    await link(unfinished, to);
  } finally {
    await file.close();
    await rm(unfinished, { force: true });
  }
}

/** The private keys in a file as `age-keygen` writes it. Throws without one. */
export async function readIdentities(path: string): Promise<string[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').map((line) => line.trim());
  const keys = lines.filter((line) => line.startsWith('AGE-SECRET-KEY-'));
  if (keys.length === 0) throw new Error(`${path} holds no private key of age (AGE-SECRET-KEY-1…)`);
  if (!keys.every(isIdentity)) throw new Error(`a private key in ${path} is damaged`);
  return keys;
}

/** The library's own words for a wrong one would show it. */
function isIdentity(key: string): boolean {
  try {
    new Decrypter().addIdentity(key);
    return true;
  } catch {
    return false;
  }
}

/** Everything in it goes to `take`; what is wrong with it comes back. */
async function openCopy(
  { path, record }: StoredCopy,
  identities: string[],
  take: (bytes: Uint8Array) => Promise<void>,
): Promise<string[]> {
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  const encrypted = Readable.toWeb(createReadStream(path)) as NodeReadableStream<Uint8Array>;
  const whole = createHash('sha256');
  const trailer = createTrailerCheck();
  let bytes = 0;
  for await (const chunk of await decrypter.decrypt(encrypted)) {
    whole.update(chunk);
    trailer.update(chunk);
    bytes += chunk.length;
    await take(chunk);
  }
  return [
    ...(bytes === record.bytes ? [] : [`the snapshot has ${bytes} bytes, not ${record.bytes}`]),
    ...(whole.digest('hex') === record.sha256
      ? []
      : ['the snapshot’s SHA-256 is not the one that was verified']),
    ...(trailer.matches() ? [] : ['the snapshot’s integrity trailer does not match']),
  ];
}

/** The last 32 bytes are the SHA-256 of all before them. */
function createTrailerCheck(): { update(chunk: Uint8Array): void; matches(): boolean } {
  const hash: Hash = createHash('sha256');
  let last = Buffer.alloc(0);
  return {
    update(chunk) {
      const joined = Buffer.concat([last, chunk]);
      const cut = Math.max(0, joined.length - trailerBytes);
      hash.update(joined.subarray(0, cut));
      last = joined.subarray(cut);
    },
    matches: () => last.length === trailerBytes && hash.digest().equals(last),
  };
}

async function headOf(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten;
}
