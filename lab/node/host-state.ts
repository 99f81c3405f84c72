import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '../host/run.ts';
import type { LabSettings } from '../settings.ts';
import { hierarchies } from './cgroups.ts';

/**
 * What the lab changes on the host, as it was before. Written before the first change, so that `down` puts back the
 * right values whenever and however `up` has ended.
 */
interface SavedState {
  /** Path below /proc/sys to its value. */
  sysctls: Record<string, string>;
  /** Controllers that the host's own v2 root handed down. */
  subtreeControl: Record<string, string>;
  /** Whether anybody had named a network namespace: the first one makes `ip` mount /run/netns. */
  namedNamespaces: boolean;
}

const FILE = 'host-state.json';
const NETNS_DIR = '/run/netns';

/** 128, the kernel's default, is used up by the systemd and kubelet of two nodes. */
const RAISED = { 'fs/inotify/max_user_instances': 1024 };

export function saveAndRaise(settings: LabSettings): void {
  const file = stateFile(settings);
  if (!existsSync(file)) {
    const [other] = otherLabs(settings);
    // Beside another lab the host is not as it was; what that one has saved is.
    writeFileSync(`${file}.new`, other ? readFileSync(other) : JSON.stringify(currentState()));
    renameSync(`${file}.new`, file);
  }
  for (const [key, value] of Object.entries(RAISED)) {
    const path = join('/proc/sys', key);
    if (Number(read(path)) < value) writeFileSync(path, String(value));
  }
}

function currentState(): SavedState {
  return {
    sysctls: Object.fromEntries(Object.keys(RAISED).map((key) => [key, read(join('/proc/sys', key))])),
    subtreeControl: Object.fromEntries(v2Roots().map((root) => [root, read(control(root))])),
    namedNamespaces: existsSync(NETNS_DIR),
  };
}

/** Puts the host back as it was; while another lab runs, that is left to the last one. */
export async function restore(settings: LabSettings): Promise<void> {
  const file = stateFile(settings);
  if (!existsSync(file)) return;
  if (otherLabs(settings).length > 0) return rmSync(file);
  const saved = JSON.parse(readFileSync(file, 'utf8')) as SavedState;
  for (const [key, value] of Object.entries(saved.sysctls)) {
    const path = join('/proc/sys', key);
    if (read(path) !== value) writeFileSync(path, value);
  }
  for (const [root, before] of Object.entries(saved.subtreeControl)) takeBack(root, before.split(' '));
  if (!saved.namedNamespaces) await unmountNamespaces();
  rmSync(file);
}

async function unmountNamespaces(): Promise<void> {
  if (!existsSync(NETNS_DIR) || readdirSync(NETNS_DIR).length > 0) return;
  await run(['umount', NETNS_DIR]);
  await run(['rmdir', NETNS_DIR]);
}

function takeBack(root: string, before: readonly string[]): void {
  for (const controller of read(control(root)).split(' ').filter(Boolean)) {
    if (before.includes(controller)) continue;
    try {
      writeFileSync(control(root), `-${controller}`);
    } catch {
      // Somebody else uses it by now.
    }
  }
}

function v2Roots(): string[] {
  return hierarchies()
    .filter(({ version }) => version === 'v2')
    .map(({ mountPoint }) => mountPoint);
}

function control(root: string): string {
  return join(root, 'cgroup.subtree_control');
}

function read(path: string): string {
  return readFileSync(path, 'utf8').trim();
}

/** The saved states of the labs beside this one. */
function otherLabs(settings: LabSettings): string[] {
  const labs = dirname(settings.dir);
  return readdirSync(labs)
    .map((name) => join(labs, name, FILE))
    .filter((file) => file !== stateFile(settings) && existsSync(file));
}

function stateFile(settings: LabSettings): string {
  return join(settings.dir, FILE);
}
