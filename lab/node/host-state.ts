import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

const NETNS_DIR = '/run/netns';

/** 128, the kernel's default, is used up by the systemd and kubelet of two nodes. */
const RAISED = { 'fs/inotify/max_user_instances': 1024 };

export function saveAndRaise(settings: LabSettings): void {
  const file = stateFile(settings);
  if (!existsSync(file)) {
    const sysctls = Object.fromEntries(Object.keys(RAISED).map((key) => [key, read(join('/proc/sys', key))]));
    const subtreeControl = Object.fromEntries(v2Roots().map((root) => [root, read(control(root))]));
    const state: SavedState = { sysctls, subtreeControl, namedNamespaces: existsSync(NETNS_DIR) };
    writeFileSync(`${file}.new`, JSON.stringify(state));
    renameSync(`${file}.new`, file);
  }
  for (const [key, value] of Object.entries(RAISED)) {
    const path = join('/proc/sys', key);
    if (Number(read(path)) < value) writeFileSync(path, String(value));
  }
}

export async function restore(settings: LabSettings): Promise<void> {
  const file = stateFile(settings);
  if (!existsSync(file)) return;
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

function stateFile(settings: LabSettings): string {
  return join(settings.dir, 'host-state.json');
}
