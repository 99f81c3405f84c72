import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run, type RunOptions, type RunResult } from '../host/run.ts';
import { nodeDir, type LabSettings } from '../settings.ts';
import { cgroupDriver, hierarchies, killCgroups, makeCgroups, removeCgroups } from './cgroups.ts';
import { writeTree, type NodeFile } from './files.ts';
import { connectNode, disconnectNode, namespaceOf } from './network.ts';

const SUPERVISOR = join(import.meta.dirname, 'node-run.sh');

/** What all nodes are made of. */
interface NodeParts {
  baseRoot: string;
  imagesDir: string;
}

/** Writes a node's directory: its own layer over the base with `files` in it, and what its supervisor reads. */
export function createNode(settings: LabSettings, node: string, parts: NodeParts, files: NodeFile[]): void {
  const dir = nodeDir(settings, node);
  const list = hierarchies();
  const env = {
    NODE: node,
    NETNS: namespaceOf(settings, node),
    BASE: parts.baseRoot,
    IMAGES: parts.imagesDir,
    CGROUP: `${settings.prefix}/${node}`,
  };
  writeTree(dir, [
    {
      path: 'node.env',
      content: Object.entries(env)
        .map(([key, value]) => `${key}='${value}'\n`)
        .join(''),
    },
    { path: 'cgroups', content: list.map((h) => `${h.version} ${h.mountPoint} ${h.options}\n`).join('') },
    ...['work', 'root', 'data/containerd', 'data/kubelet'].map((path) => ({
      path,
      directory: true as const,
    })),
    { path: 'data/etcd', directory: true, mode: 0o700 },
  ]);
  writeTree(join(dir, 'upper'), [
    { path: 'etc/hostname', content: `${node}\n` },
    { path: 'etc/machine-id', content: `${randomBytes(16).toString('hex')}\n` },
    { path: 'etc/containerd/config.toml', content: containerdConfig(parts.baseRoot) },
    ...files,
  ]);
}

function containerdConfig(baseRoot: string): string {
  const systemd = cgroupDriver(hierarchies()) === 'systemd';
  const base = readFileSync(join(baseRoot, 'etc/containerd/config.toml'), 'utf8');
  return base.replace(/SystemdCgroup = \w+/, `SystemdCgroup = ${systemd}`);
}

/** Boots a node and returns at once; `waitForSsh` waits. */
export async function startNode(settings: LabSettings, node: string): Promise<void> {
  if (supervisorPid(settings, node) !== undefined) return;
  makeCgroups(hierarchies(), settings.prefix, node);
  if (!existsSync(`/run/netns/${namespaceOf(settings, node)}`)) await connectNode(settings, node);
  const console = openSync(join(nodeDir(settings, node), 'console.log'), 'a');
  // Detached: the node lives on when the command that started it ends.
  spawn(SUPERVISOR, [nodeDir(settings, node)], {
    detached: true,
    stdio: ['ignore', console, console],
    cwd: '/',
  }).unref();
}

/** As if the plug was pulled: everything on the node dies at once; what was synced to disk is there after a start. */
export async function pullPlug(settings: LabSettings, node: string): Promise<void> {
  const init = initPid(settings, node);
  if (init !== undefined) process.kill(init, 'SIGKILL');
  if (await ended(settings, node, 10_000)) return;
  throw new Error(`${node} did not end; its processes are in the cgroup ${settings.prefix}/${node}.`);
}

async function ended(settings: LabSettings, node: string, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (supervisorPid(settings, node) !== undefined) {
    if (Date.now() > deadline) return false;
    await sleep(100);
  }
  return true;
}

/** Removes a node and all that it is on the host, in whatever state an interrupted command has left it. */
export async function destroyNode(settings: LabSettings, node: string): Promise<void> {
  const list = hierarchies();
  for (const pid of supervisors(nodeDir(settings, node))) killHard(pid);
  await killCgroups(list, settings.prefix, node);
  await disconnectNode(settings, node);
  await removeCgroups(list, settings.prefix, node);
  await rm(nodeDir(settings, node), { recursive: true, force: true, maxRetries: 5 });
}

/** Runs a command as root inside the node, without ssh. */
export async function inNode(
  settings: LabSettings,
  node: string,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const init = initPid(settings, node);
  if (init === undefined) throw new Error(`${node} is not running.`);
  const enter = ['nsenter', '-t', String(init), '-m', '-p', '-u', '-i', '-n', '-C', '--wdns=/', '--'];
  const env = { HOME: '/root', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
  return run([...enter, ...argv], { ...options, env: { ...env, ...options.env } });
}

/** The node's PID 1 as the host sees it: below the supervisor, the process that is 1 in a namespace of its own. */
export function initPid(settings: LabSettings, node: string): number | undefined {
  const supervisor = supervisorPid(settings, node);
  let generation = supervisor === undefined ? [] : [supervisor];
  while (generation.length > 0) {
    generation = generation.flatMap(childrenOf);
    const init = generation.find((pid) => /^NSpid:\t.*\t1$/m.test(procFile(pid, 'status')));
    if (init !== undefined) return init;
  }
  return undefined;
}

function supervisorPid(settings: LabSettings, node: string): number | undefined {
  const dir = nodeDir(settings, node);
  const file = join(dir, 'run.pid');
  if (!existsSync(file)) return undefined;
  const pid = Number(readFileSync(file, 'utf8'));
  // After a reboot of the host the number may be anybody's.
  return isSupervisor(pid, dir) ? pid : undefined;
}

/**
 * The directory of a lab that runs under the same names out of another cache, if there is one. Everything is found
 * again by name, so it must not be taken for our own of an earlier run.
 */
export function foreignLab(settings: LabSettings): string | undefined {
  const suffix = join('lab', settings.name, 'nodes');
  for (const pid of readdirSync('/proc').map(Number).filter(Boolean)) {
    const argv = procFile(pid, 'cmdline').split('\0');
    const nodes = argv.some(isSupervisorPath)
      ? argv.map(dirname).find((dir) => dir.endsWith(suffix))
      : undefined;
    if (nodes !== undefined && dirname(nodes) !== settings.dir) return dirname(nodes);
  }
  return undefined;
}

/** All supervisors of this node, also one that has not yet written its pid file. */
function supervisors(dir: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && isSupervisor(pid, dir));
}

function isSupervisor(pid: number, dir: string): boolean {
  const argv = procFile(pid, 'cmdline').split('\0');
  return argv.some(isSupervisorPath) && argv.includes(dir);
}

function isSupervisorPath(arg: string): boolean {
  return arg.endsWith('/node-run.sh');
}

function childrenOf(pid: number): number[] {
  return procFile(pid, `task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone in the meantime.
  }
}
