import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { during, type Progress } from './progress.ts';
import { mustRun, run } from './run.ts';

/** What the checks look at, as values, so that they can be tested on any machine. */
export interface Machine {
  platform: NodeJS.Platform;
  /** User id; -1 where there is none. */
  uid: number;
  has(command: string): boolean;
}

export interface HostCommand {
  command: string;
  /** The Debian package that brings it. */
  package: string;
  why: string;
}

/** Commands of the host that the lab runs. What is missing is installed with apt-get. */
const LAB_COMMANDS: readonly HostCommand[] = [
  { command: 'ip', package: 'iproute2', why: "for the nodes' network" },
  { command: 'unshare', package: 'util-linux', why: "for the nodes' namespaces" },
  { command: 'nsenter', package: 'util-linux', why: "for the nodes' namespaces" },
  { command: 'setpriv', package: 'util-linux', why: 'to end what a killed command started' },
  { command: 'mount', package: 'mount', why: "for the nodes' file systems" },
  { command: 'ssh', package: 'openssh-client', why: 'to reach the nodes' },
  { command: 'ssh-keygen', package: 'openssh-client', why: "for the nodes' keys" },
  { command: 'perl', package: 'perl', why: 'for mmdebstrap, which builds their Debian' },
  { command: 'tar', package: 'tar', why: 'for container images' },
];

/** Why this machine can have no lab at all: one sentence with the remedy, or undefined. No root and no Linux are such. */
export function noLabHere(machine: Machine): string | undefined {
  if (machine.platform !== 'linux') {
    return `The lab needs Linux, since its nodes are Linux namespaces; this machine runs ${machine.platform}. Use a Linux machine or virtual machine.`;
  }
  if (machine.uid !== 0) {
    return 'The lab needs root, since it makes namespaces, mounts and network devices: run the same command as root (sudo -E env "PATH=$PATH" …).';
  }
  return undefined;
}

/** Debian packages that bring the missing ones of `commands`, and why each is needed. */
export function missingPackages(
  machine: Machine,
  commands: readonly HostCommand[] = LAB_COMMANDS,
): Map<string, string> {
  const missing = commands.filter(({ command }) => !machine.has(command));
  return new Map(missing.map(({ command, package: name, why }) => [name, `${command} ${why}`]));
}

/** The sentence for a machine whose packages we cannot install. */
export function cannotInstall(missing: ReadonlyMap<string, string>): string {
  const what = [...missing].map(([name, why]) => `${why} (Debian package ${name})`).join(', ');
  return `Missing: ${what}; there is no apt-get here to install it with. The project is made for Debian and its relatives: install it yourself and run the same command again.`;
}

/**
 * Throws the sentence of `noLabHere`, and installs the Debian packages that the lab's commands come from where they
 * are missing. Warm: microseconds.
 */
export async function ensureHost(progress: Progress, signal?: AbortSignal): Promise<void> {
  const machine = thisMachine();
  const impossible = noLabHere(machine);
  if (impossible) throw new Error(impossible);
  await ensureCommands(LAB_COMMANDS, progress, signal);
}

/** Installs the Debian packages of those `commands` that are missing; needs root where one is. */
export async function ensureCommands(
  commands: readonly HostCommand[],
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  const machine = thisMachine();
  const missing = missingPackages(machine, commands);
  if (missing.size === 0) return;
  if (!machine.has('apt-get')) throw new Error(cannotInstall(missing));
  await installPackages([...missing.keys()], progress, signal);
}

async function installPackages(
  packages: readonly string[],
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  const apt = ['apt-get', '-qq', '-o', 'Dpkg::Use-Pty=0', '-o', 'DPkg::Lock::Timeout=120'];
  const install = [...apt, 'install', '--yes', '--no-install-recommends', ...packages];
  const options = { env: { DEBIAN_FRONTEND: 'noninteractive' }, signal };
  await during(
    progress,
    `Installing ${packages.join(', ')}`,
    async (step) => {
      if ((await run(install, options)).code === 0) return;
      // A fresh machine has no package lists yet, an old one stale ones.
      step.update('refreshing the package lists');
      await mustRun([...apt, 'update'], options);
      await mustRun(install, options);
    },
    { usually: '20 s' },
  );
}

/** What `requireGo` needs to know about a module. */
export interface GoNeed {
  /** "the lab's Kubernetes binaries". */
  what: string;
  /** Text of its go.mod. */
  goMod: string;
  env: NodeJS.ProcessEnv;
}

/** Throws a sentence when there is no Go, or one older than the module's go.mod asks for. */
export async function requireGo({ what, goMod, env }: GoNeed): Promise<void> {
  const wanted = goVersionIn(goMod);
  const problem = goProblem(what, wanted, await installedGo(env));
  if (problem) throw new Error(problem);
}

/** The sentence about a missing (`installed` undefined) or too old Go, or undefined when it will do. */
export function goProblem(what: string, wanted: string, installed: string | undefined): string | undefined {
  const remedy = 'Install it from https://go.dev/dl and put its bin directory on the PATH.';
  const minor = wanted.split('.').slice(0, 2).join('.');
  if (installed === undefined)
    return `Go ${minor} or newer is needed to build ${what}, and none was found. ${remedy}`;
  if (!isOlder(installed, wanted)) return undefined;
  return `Go ${minor} or newer is needed to build ${what}; the Go on the PATH is ${installed}. ${remedy}`;
}

/** The `go` line of a go.mod: the oldest Go that can build it. */
export function goVersionIn(goMod: string): string {
  return /^go (\S+)$/m.exec(goMod)?.[1] ?? '1.0';
}

export function thisMachine(): Machine {
  return { platform: process.platform, uid: process.getuid?.() ?? -1, has: (command) => isOnPath(command) };
}

/** Administrators' directories count too: they are not on everybody's PATH, and root's processes find them anyway. */
function isOnPath(command: string): boolean {
  const dirs = (process.env['PATH'] ?? '').split(delimiter).concat('/usr/sbin', '/sbin');
  return dirs.some((dir) => {
    try {
      accessSync(join(dir, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** "1.26.8", or undefined. */
async function installedGo(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const result = await run(['go', 'env', 'GOVERSION'], { env }).catch(() => undefined);
  return /^go(\d+\.\d+(\.\d+)?)/.exec(result?.stdout ?? '')?.[1];
}

function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split('.').map((part) => Number.parseInt(part, 10)));
  for (const index of [0, 1, 2]) {
    const difference = (a?.[index] ?? 0) - (b?.[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
