import { rm, statfs } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Runs `work`, which writes to `path`. A disk that is, or becomes, full is said in a sentence with the place and what
 * is needed, and what was half written is removed.
 */
export async function inSentence(
  what: string,
  path: string,
  needs: number | undefined,
  work: () => Promise<void>,
): Promise<void> {
  if (needs !== undefined) await requireSpace(what, dirname(path), needs);
  try {
    await work();
  } catch (error) {
    await rm(path, { recursive: true, force: true });
    if (!isDiskFull(error)) throw error;
    throw new Error(await fullSentence(what, path, needs), { cause: error });
  }
}

/** Throws a sentence when the file system of `path` (which need not exist yet) has less than `needs` bytes free. */
export async function requireSpace(what: string, path: string, needs: number): Promise<void> {
  const free = await freeBytes(path);
  if (free >= needs) return;
  throw new Error(
    `Not enough disk space for ${what}: ${size(needs)} needed at ${path}, ${size(free)} free. ` +
      'Free some, or set XDG_CACHE_HOME to a directory on a larger disk.',
  );
}

/** Bytes that this user may still write on the file system of the nearest existing parent of `path`. */
async function freeBytes(path: string): Promise<number> {
  let place = path;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  const { bavail, bsize } = await statfs(place);
  return bavail * bsize;
}

/** Tools report a full disk each in their own way: as an errno, or as text on stderr. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    ('code' in error && error.code === 'ENOSPC') ||
    /no space left on device|ENOSPC|don't have enough free space/i.test(error.message)
  );
}

/** "1.4 GB", "350 MB": decimal units, as disks are sold and `df -H` counts. */
function size(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return `${Math.ceil(bytes / 1e6)} MB`;
}

async function fullSentence(what: string, path: string, needs: number | undefined): Promise<string> {
  const amount = needs === undefined ? '' : ` (it needs about ${size(needs)})`;
  const free = size(await freeBytes(path));
  return (
    `The disk became full while making ${what} at ${dirname(path)}${amount}; ${free} free now. ` +
    'What was half written has been removed. Free some space, or set XDG_CACHE_HOME to a directory on a larger disk, ' +
    'and run the same command again: it continues where it stopped.'
  );
}
