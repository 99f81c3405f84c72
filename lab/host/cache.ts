import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { inSentence } from './disk.ts';
import { withLock, type LockOptions } from './lock.ts';

/** Where everything that is built or downloaded once is kept. Deleting it costs a rebuild and nothing else. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'control-plane-recovery');
}

/** Eight hexadecimal digits over the given parts: the version in the name of a cached directory. */
export function keyOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex').slice(0, 8);
}

export interface OnceOptions extends LockOptions {
  /** Bytes that the building needs at its peak; checked before it starts. */
  needs?: number;
}

/**
 * Returns `target`, a file or directory, building it first when it is not there. `build` writes to the path it is
 * given; only a finished result is renamed to `target`, so what exists is complete: an interruption, a full disk
 * or a crash leaves a temporary path, which the next builder removes. Two processes do not build the same target.
 */
export async function buildOnce(
  target: string,
  build: (path: string) => Promise<void>,
  options: OnceOptions,
): Promise<string> {
  if (await exists(target)) return target;
  return withLock(target, options, async () => {
    if (await exists(target)) return target;
    await mkdir(dirname(target), { recursive: true });
    await removeLeftovers(target);
    const path = `${target}.tmp-${process.pid}`;
    await inSentence(options.what, path, options.needs, () => build(path));
    await rename(path, target);
    return target;
  });
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Temporary paths of builders that died. The lock is held, so none of them is alive. */
async function removeLeftovers(target: string): Promise<void> {
  const prefix = `${basename(target)}.tmp-`;
  for (const name of await readdir(dirname(target))) {
    if (name.startsWith(prefix)) await rm(join(dirname(target), name), { recursive: true, force: true });
  }
}
