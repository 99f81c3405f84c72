import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * A directory and those above it, for their owner alone. Node's own `recursive` never returns where a file system answers
 * ENOENT for a new name in a directory that is there, as /proc does, and takes a thread with it: that is an error here.
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await isDirectory(path))) return;
    const parent = dirname(path);
    if (code !== 'ENOENT' || parent === path || (await isDirectory(parent))) throw error;
    await makeDirectory(parent);
    await makeDirectory(path);
  }
}

function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
