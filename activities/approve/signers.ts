import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** The text of a file, or why it cannot be trusted: the end of a sentence that begins with the file's name. */
export type FileText = { text: Buffer } | { unusable: string };

const MAX_BYTES = 1024 * 1024;

/**
 * Read anew for each vote, so that a key that was taken out counts no longer. What others may write is not believed: with
 * it, anyone on the host could make himself an approver.
 */
export async function readGuarded(path: string): Promise<FileText> {
  let file: FileHandle;
  try {
    // Not to hang on a FIFO.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return { unusable: `cannot be read: ${readFault(error)}` };
  }
  try {
    const { mode, size } = await file.stat();
    if ((mode & constants.S_IFMT) === constants.S_IFDIR) return { unusable: 'is a directory' };
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) return { unusable: 'is not a regular file' };
    if (mode & 0o002) return { unusable: 'can be written by everybody on the host: run `chmod go-w` on it' };
    if (mode & 0o020) return { unusable: 'can be written by its group: run `chmod go-w` on it' };
    if (size > MAX_BYTES) return { unusable: `is larger than ${MAX_BYTES / 1024} KiB` };
    return { text: await file.readFile() };
  } catch (error) {
    return { unusable: `cannot be read: ${readFault(error)}` };
  } finally {
    await file.close();
  }
}

function readFault(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'it does not exist';
  if (code === 'EACCES') return 'permission denied to the worker';
  if (code === 'EISDIR') return 'it is a directory';
  return typeof code === 'string' ? code : 'unknown error';
}

export function namesAnybody(signers: string): boolean {
  return signers.split('\n').some((line) => isEntry(line));
}

/**
 * The same file with only the lines that can prove this very name: those that list it letter by letter, and the
 * certificate authorities (there the certificate lists it). A line that lists `*@example.com` gives one key to every name,
 * so it proves none.
 * The other lines are left empty, which keeps the numbers of the lines.
 */
export function linesThatProve(signers: string, name: string): string {
  return signers
    .split('\n')
    .map((line) => (isEntry(line) && proves(line.trim(), name) ? line : ''))
    .join('\n');
}

function isEntry(line: string): boolean {
  const text = line.trim();
  return text !== '' && !text.startsWith('#');
}

function proves(line: string, name: string): boolean {
  const [, quoted, bare, rest = ''] = /^(?:"([^"]*)"|(\S+))\s*(.*)$/.exec(line) ?? [];
  if (isAuthority(rest)) return true;
  return (quoted ?? bare ?? '').split(',').includes(name);
}

/** Options stand before the type of the key. */
function isAuthority(rest: string): boolean {
  return !/^(sk-)?(ssh|ecdsa)-/.test(rest) && /^\S*\bcert-authority\b/i.test(rest);
}
