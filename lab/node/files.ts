import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A file, link or directory to be written before a node boots; `path` without a leading slash. */
export type NodeFile =
  | { path: string; content: string | Uint8Array; mode?: number; owner?: number }
  | { path: string; link: string }
  | { path: string; directory: true; mode?: number; owner?: number };

/** Writes files below `root`. Directories on the way are 0755, since an overlay shows its upper layer's modes. */
export function writeTree(root: string, files: readonly NodeFile[]): void {
  makeDirectory(root);
  for (const file of files) {
    const path = join(root, file.path);
    makeParents(root, file.path);
    if ('link' in file) {
      rmSync(path, { force: true });
      symlinkSync(file.link, path);
      continue;
    }
    if ('content' in file) writeFileSync(path, file.content);
    else makeDirectory(path);
    chmodSync(path, file.mode ?? ('content' in file ? 0o644 : 0o755));
    if (file.owner !== undefined) chownSync(path, file.owner, file.owner);
  }
}

function makeParents(root: string, path: string): void {
  const parts = dirname(path).split('/');
  for (let depth = 1; depth <= parts.length; depth++) makeDirectory(join(root, ...parts.slice(0, depth)));
}

function makeDirectory(path: string): void {
  // The caller's umask must not decide what users of the node may read.
  const made = mkdirSync(path, { recursive: true });
  if (made !== undefined) chmodSync(path, 0o755);
}
