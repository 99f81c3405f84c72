import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hierarchies } from '../../../lab/node/cgroups.ts';
import { mustRun } from '../../../lab/host/run.ts';

const SYSCTLS = [
  'fs/file-max',
  'fs/nr_open',
  'fs/inotify/max_user_instances',
  'kernel/core_pattern',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'net/ipv4/ip_forward',
];

/** What a lab could leave behind on this machine, one line for each thing. */
export async function hostState(): Promise<string[]> {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n');
  return [
    ...mounts.map((line) => `mount ${line.split(' ')[4]} ${line.split(' - ')[1]}`),
    ...hierarchies().flatMap(({ mountPoint }) => groups(mountPoint)),
    ...(await lines('netns', 'ip', 'netns', 'list')),
    ...(await lines('link', 'ip', '-br', 'link')),
    ...(await lines('rule', 'ip', 'rule')),
    ...(await lines('route', 'ip', 'route', 'show', 'table', 'all')),
    ...SYSCTLS.map((key) => `sysctl ${key} ${readFileSync(join('/proc/sys', key), 'utf8').trim()}`),
  ].toSorted();
}

function groups(mountPoint: string): string[] {
  const children = readdirSync(mountPoint, { withFileTypes: true });
  return children
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `cgroup ${join(mountPoint, name)}`);
}

async function lines(kind: string, ...argv: string[]): Promise<string[]> {
  const { stdout } = await mustRun(argv);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => `${kind} ${line.trim()}`);
}
