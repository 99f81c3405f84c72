import { existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from './host/lock.ts';
import { during, type Progress } from './host/progress.ts';
import { hierarchies, removeCgroups } from './node/cgroups.ts';
import { restore } from './node/host-state.ts';
import { networkDown } from './node/network.ts';
import { destroyNode, foreignLab } from './node/node.ts';
import { stopPlatform } from './platform/process.ts';
import { labSettings, NODES, type LabSettings } from './settings.ts';

export interface DownOptions {
  progress: Progress;
  signal?: AbortSignal | undefined;
}

/** Destroys the lab, whole or half up, and leaves the host as it was. Nothing there is success. */
export async function labDown({ progress, signal }: DownOptions): Promise<void> {
  const settings = labSettings();
  await withLock(settings.dir, { what: 'lab down', progress, signal }, async () => {
    const other = foreignLab(settings);
    if (other !== undefined) {
      throw new Error(`The lab of ${other} is not this one's to take down: it runs out of another cache.`);
    }
    if (!isAnythingLeft(settings)) return progress.say('The lab is down.');
    await during(progress, 'lab destroyed', () => clean(settings), { usually: '5 s' });
  });
}

/** True while anything of a lab is on this machine: its directory, or its groups after the directory was lost. */
export function isAnythingLeft(settings: LabSettings): boolean {
  if (existsSync(settings.dir)) return true;
  return hierarchies().some(({ mountPoint }) => existsSync(join(mountPoint, settings.prefix)));
}

/**
 * Everything is found again by its name, never by what an earlier command remembers: that one may have been killed
 * between doing and writing down. The saved state of the host goes last.
 */
export async function clean(settings: LabSettings): Promise<void> {
  await stopPlatform(settings);
  await Promise.all(nodesLeft(settings).map((node) => destroyNode(settings, node)));
  await removeCgroups(hierarchies(), settings.prefix);
  await networkDown(settings);
  await restore(settings);
  await rm(settings.dir, { recursive: true, force: true, maxRetries: 5 });
}

function nodesLeft(settings: LabSettings): string[] {
  const dir = join(settings.dir, 'nodes');
  return [...new Set([...NODES, ...(existsSync(dir) ? readdirSync(dir) : [])])];
}
