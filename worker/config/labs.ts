import { glob } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The inventories of the labs on this machine; `lab down` removes a lab's own. */
export async function labInventories(env: NodeJS.ProcessEnv = process.env): Promise<string[]> {
  const cache = join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'control-plane-recovery');
  const files: string[] = [];
  for await (const file of glob('lab/*/clusters.yaml', { cwd: cache })) files.push(join(cache, file));
  return files.sort();
}
