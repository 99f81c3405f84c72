import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from '../../lab/host/cache.ts';

/** Saves the report in `./out`, or in the cache where this directory cannot be written. Returns the path. */
export async function saveReport(report: string, at: Date): Promise<string> {
  const name = `incident-${at.toISOString().slice(0, 19).replaceAll(':', '')}Z.md`;
  for (const directory of [join(process.cwd(), 'out'), join(cacheDir(), 'demo')]) {
    const path = join(directory, name);
    const saved = await mkdir(directory, { recursive: true })
      .then(() => writeFile(path, report))
      .then(
        () => true,
        () => false,
      );
    if (saved) return path;
  }
  throw new Error(`The report cannot be saved: neither ./out nor ${cacheDir()} can be written.`);
}
