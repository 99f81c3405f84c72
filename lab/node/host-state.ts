import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
}

/** 128, the kernel's default, is used up by the systemd and kubelet of two nodes. */
const RAISED = { 'fs/inotify/max_user_instances': 1024 };

export function saveAndRaise(settings: LabSettings): void {
  const file = stateFile(settings);
  if (!existsSync(file)) {
    const sysctls = Object.fromEntries(Object.keys(RAISED).map((key) => [key, read(join('/proc/sys', key))]));
    const subtreeControl = Object.fromEntries(v2Roots().map((root) => [root, read(control(root))]));
    writeFileSync(`${file}.new`, JSON.stringify({ sysctls, subtreeControl } satisfies SavedState));
    renameSync(`${file}.new`, file);
  }
  for (const [key, value] of Object.entries(RAISED)) {
    const path = join('/proc/sys', key);
    if (Number(read(path)) < value) writeFileSync(path, String(value));
  }
}

export function restore(settings: LabSettings): void {
  const file = stateFile(settings);
  if (!existsSync(file)) return;
  const saved = JSON.parse(readFileSync(file, 'utf8')) as SavedState;
  for (const [key, value] of Object.entries(saved.sysctls)) {
    const path = join('/proc/sys', key);
    if (read(path) !== value) writeFileSync(path, value);
  }
  for (const [root, before] of Object.entries(saved.subtreeControl)) takeBack(root, before.split(' '));
  rmSync(file);
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
