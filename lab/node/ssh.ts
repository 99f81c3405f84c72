import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { mustRun, run, type RunOptions, type RunResult } from '../host/run.ts';
import { addressOf, LOGIN_USER, NODES, nodeDir, type LabSettings } from '../settings.ts';
import { currentAddress } from './address.ts';
import type { NodeFile } from './files.ts';

/** The user that the base has made first. */
const LOGIN_UID = 1000;

export function sshConfigPath(settings: LabSettings): string {
  return join(settings.dir, 'ssh', 'config');
}

/** Makes the lab's key pair, one host key per node, known_hosts and the client's configuration. */
export async function makeSshFiles(settings: LabSettings): Promise<void> {
  const dir = join(settings.dir, 'ssh');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  await Promise.all(['id', ...NODES].map((name) => keygen(join(dir, name), `${settings.name} ${name}`)));
  const known = NODES.map((node) => `${node} ${publicKey(join(dir, node))}\n`).join('');
  writeFileSync(join(dir, 'known_hosts'), known);
  writeSshConfig(settings);
}

/** Also after a node has moved: its name, its first address and its own one lead to where it is now, as names do. */
export function writeSshConfig(settings: LabSettings): void {
  writeFileSync(sshConfigPath(settings), clientConfig(settings, join(settings.dir, 'ssh')));
}

/** What a node needs so that we may log in and know that it is itself. */
export function sshNodeFiles(settings: LabSettings, node: string): NodeFile[] {
  const dir = join(settings.dir, 'ssh');
  const home = `home/${LOGIN_USER}`;
  return [
    { path: home, directory: true, mode: 0o755, owner: LOGIN_UID },
    { path: `${home}/.ssh`, directory: true, mode: 0o700, owner: LOGIN_UID },
    {
      path: `${home}/.ssh/authorized_keys`,
      content: readFileSync(join(dir, 'id.pub')),
      mode: 0o600,
      owner: LOGIN_UID,
    },
    { path: 'etc/ssh/ssh_host_ed25519_key', content: readFileSync(join(dir, node)), mode: 0o600 },
    { path: 'etc/ssh/ssh_host_ed25519_key.pub', content: readFileSync(join(dir, `${node}.pub`)) },
  ];
}

/** Runs a command on the node as the login user; exit code 255 means that ssh itself failed. */
export async function ssh(
  settings: LabSettings,
  node: string,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return run(['ssh', '-F', sshConfigPath(settings), node, '--', ...argv], options);
}

export async function waitForSsh(settings: LabSettings, node: string, signal?: AbortSignal): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const { code, stderr } = await ssh(settings, node, ['true'], { signal });
    if (code === 0) return;
    if (Date.now() > deadline) {
      const log = join(nodeDir(settings, node), 'console.log');
      throw new Error(`${node} does not answer on ssh after 60 s (${stderr.trim()}); its console: ${log}`);
    }
    await sleep(200, undefined, { signal });
  }
}

async function keygen(file: string, comment: string): Promise<void> {
  await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file]);
  chmodSync(file, 0o600);
}

/** Type and key, without the comment. */
function publicKey(file: string): string {
  return readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
}

/** Complete and explicit, so that nothing in the user's own configuration changes what happens. */
function clientConfig(settings: LabSettings, dir: string): string {
  const hosts = NODES.map((node) => {
    const address = currentAddress(settings, node);
    const names = new Set([node, addressOf(settings, node), address]);
    return `Host ${[...names].join(' ')}\n  HostName ${address}\n  HostKeyAlias ${node}\n`;
  });
  const common = [
    `User ${LOGIN_USER}`,
    `IdentityFile "${join(dir, 'id')}"`,
    'IdentitiesOnly yes',
    `UserKnownHostsFile "${join(dir, 'known_hosts')}"`,
    'GlobalKnownHostsFile /dev/null',
    'StrictHostKeyChecking yes',
    'BatchMode yes',
    'ConnectTimeout 3',
    'LogLevel ERROR',
  ];
  return `${hosts.join('')}Host *\n${common.map((line) => `  ${line}\n`).join('')}`;
}
