import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** One cgroup hierarchy as this machine mounts it. */
export interface Hierarchy {
  version: 'v1' | 'v2';
  mountPoint: string;
  /** What `mount -t cgroup -o` takes to mount it anew: `cpu,cpuacct`, `none,name=systemd`; `-` for v2. */
  options: string;
}

const PER_MOUNT_FLAGS =
  /^(rw|ro|xattr|release_agent=.*|clone_children|noprefix|cpuset_v2_mode|favordynmods|nofavordynmods)$/;

/** Reads the hierarchies out of /proc/self/mountinfo; one that is mounted twice is listed once. */
export function parseHierarchies(mountinfo: string): Hierarchy[] {
  const found = new Map<string, Hierarchy>();
  for (const line of mountinfo.split('\n')) {
    const [mount = '', fileSystem = ''] = line.split(' - ');
    const mountPoint = mount.split(' ')[4];
    const [type, , superOptions = ''] = fileSystem.split(' ');
    if (!mountPoint?.startsWith('/sys/fs/cgroup')) continue;
    if (type === 'cgroup2' && !found.has('v2')) found.set('v2', { version: 'v2', mountPoint, options: '-' });
    if (type !== 'cgroup') continue;
    const controllers = superOptions.split(',').filter((option) => !PER_MOUNT_FLAGS.test(option));
    const options = controllers.join(',').replace(/^name=/, 'none,name=');
    if (!found.has(options)) found.set(options, { version: 'v1', mountPoint, options });
  }
  return [...found.values()];
}

export function hierarchies(): Hierarchy[] {
  return parseHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/**
 * What containerd and the kubelet must use here. On v1, systemd moves a pod's first process out of its `devices`
 * cgroup while it makes the pod's slice; runc then sees no process and containerd drops the sandbox as leaked at
 * its next restart. cgroupfs has no such race.
 */
export function cgroupDriver(list: readonly Hierarchy[]): 'cgroupfs' | 'systemd' {
  return list.some(({ version }) => version === 'v1') ? 'cgroupfs' : 'systemd';
}

/** Makes `<mount>/<lab>/<node>` in every hierarchy. */
export function makeCgroups(list: readonly Hierarchy[], lab: string, node: string): void {
  for (const { version, mountPoint, options } of list) {
    const parent = join(mountPoint, lab);
    mkdirSync(parent, { recursive: true });
    if (version === 'v2') {
      handDownControllers(mountPoint);
      handDownControllers(parent);
    } else if (options.split(',').includes('cpuset')) {
      inheritCpuset(mountPoint, parent);
    }
    mkdirSync(join(parent, node), { recursive: true });
  }
}

/** v2: children have only the controllers that their parent hands down. */
function handDownControllers(directory: string): void {
  for (const controller of words(join(directory, 'cgroup.controllers'))) {
    try {
      writeFileSync(join(directory, 'cgroup.subtree_control'), `+${controller}`);
    } catch {
      // A controller that cannot be handed down (cpu with realtime tasks in the group) is one the nodes do without.
    }
  }
}

/** v1: an empty cpuset accepts no process. */
function inheritCpuset(mountPoint: string, directory: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    writeFileSync(join(directory, file), readFileSync(join(mountPoint, file)));
  }
  writeFileSync(join(directory, 'cgroup.clone_children'), '1');
}

/**
 * Kills every process of the node. By cgroup and not by pid: an interrupted `up` leaves processes that no file
 * knows, and all that stands in here is the lab's.
 */
export async function killCgroups(list: readonly Hierarchy[], lab: string, node: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const pids = new Set<number>();
    for (const { mountPoint } of list) collectProcesses(join(mountPoint, lab, node), pids);
    if (pids.size === 0) return;
    for (const pid of pids) kill(pid);
    await sleep(50);
  }
  throw new Error(`Processes of ${node} cannot be killed; see ${lab}/${node} below /sys/fs/cgroup.`);
}

function collectProcesses(directory: string, into: Set<number>): void {
  if (!existsSync(directory)) return;
  for (const group of groupsBelow(directory)) {
    thaw(group);
    for (const pid of words(join(group, 'cgroup.procs'))) if (Number(pid) > 0) into.add(Number(pid));
  }
}

/** A frozen v1 task does not even die. */
function thaw(group: string): void {
  const state = join(group, 'freezer.state');
  if (!existsSync(state)) return;
  try {
    writeFileSync(state, 'THAWED');
  } catch {
    // Gone in the meantime.
  }
}

/** Removes the node's groups, or with no node the lab's; waits while the kernel lets go of them. */
export async function removeCgroups(list: readonly Hierarchy[], lab: string, node = ''): Promise<void> {
  for (const { mountPoint } of list) {
    const top = join(mountPoint, lab, node);
    for (let attempt = 0; existsSync(top) && attempt < 100; attempt++) {
      for (const group of groupsBelow(top).reverse()) removeGroup(group);
      if (existsSync(top)) await sleep(50);
    }
  }
}

function removeGroup(group: string): void {
  try {
    rmdirSync(group);
  } catch {
    // Still busy: the caller tries again.
  }
}

/** The group itself and all groups below it, parents first. */
function groupsBelow(directory: string): string[] {
  try {
    const children = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [directory, ...children.flatMap(({ name }) => groupsBelow(join(directory, name)))];
  } catch {
    return [];
  }
}

/**
 * Stops every task of a node where it stands, or lets them all go on: what a machine looks like whose disk or kernel
 * hangs. Its addresses still answer, since the network is the host's kernel.
 */
export function setFrozen(list: readonly Hierarchy[], lab: string, node: string, frozen: boolean): void {
  for (const { mountPoint } of list) {
    const group = join(mountPoint, lab, node);
    const v1 = join(group, 'freezer.state');
    if (existsSync(v1)) return writeFileSync(v1, frozen ? 'FROZEN' : 'THAWED');
    const v2 = join(group, 'cgroup.freeze');
    if (existsSync(v2)) return writeFileSync(v2, frozen ? '1' : '0');
  }
  throw new Error('This machine has no cgroup that can freeze a node: neither the v1 freezer nor v2.');
}

function words(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split(/\s+/).filter(Boolean);
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone in the meantime.
  }
}
