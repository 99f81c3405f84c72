import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../handle.ts';
import { hierarchies, killCgroups, makeCgroups, removeCgroups } from '../node/cgroups.ts';
import type { LabSettings } from '../settings.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
/** Its cgroup stands beside the nodes', by which it is found again whatever has become of the command that started it. */
const GROUP = 'platform';

/**
 * Starts the process in which the stand-ins for the platform's controllers run, unless it runs or the lab has no
 * platform. It outlives the command that starts it, and ends with `lab down`.
 */
export async function startPlatform(lab: Lab): Promise<void> {
  const { settings, platform } = lab;
  if (platform === 'none' || isPlatformRunning(settings)) return;
  makeCgroups(hierarchies(), settings.prefix, GROUP);
  const groups = hierarchies().map(({ mountPoint }) =>
    join(mountPoint, settings.prefix, GROUP, 'cgroup.procs'),
  );
  // In the group before it is anything: a `lab down` at any moment finds it, or has taken the group away.
  const enter = 'n=$1; main=$2; shift 2; for f; do echo $$ > "$f" || exit 1; done; exec "$n" "$main"';
  const log = openSync(join(settings.dir, 'platform.log'), 'a');
  const env = { ...process.env, CPR_LAB_NAME: settings.name, CPR_LAB_SUBNET: settings.subnet };
  const child = spawn('/bin/sh', ['-c', enter, 'platform', process.execPath, MAIN, ...groups], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
    env,
  });
  closeSync(log);
  child.on('error', () => {});
  child.unref();
}

/** Ends it, running or not. */
export async function stopPlatform(settings: LabSettings): Promise<void> {
  await killCgroups(hierarchies(), settings.prefix, GROUP);
  await removeCgroups(hierarchies(), settings.prefix, GROUP);
}

export function isPlatformRunning({ prefix }: LabSettings): boolean {
  return hierarchies().some(({ mountPoint }) => {
    const file = join(mountPoint, prefix, GROUP, 'cgroup.procs');
    return existsSync(file) && readFileSync(file, 'utf8').trim() !== '';
  });
}
