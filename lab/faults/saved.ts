import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../handle.ts';

/**
 * What a fault takes from a node is kept outside the node, so that nothing of it can be found there by a runbook
 * or get in a test's way, and so that healing by force works whatever has happened on the node since.
 */
export function savedDir(lab: Lab, fault: string, node: string): string {
  return join(lab.dir, 'faults', fault, node);
}

/** Keeps the files (shell patterns allowed) with modes and links; what was saved before is replaced. */
export async function saveFiles(
  lab: Lab,
  fault: string,
  node: string,
  patterns: readonly string[],
): Promise<void> {
  const script = `cd / && tar -cf - ${patterns.map((pattern) => pattern.replace(/^\//, '')).join(' ')} | base64`;
  const { code, stdout, stderr } = await lab.sh(node, ['bash', '-o', 'pipefail', '-c', script]);
  if (code !== 0) throw new Error(`${node}: cannot save ${patterns.join(' ')}: ${stderr.trim()}`);
  const dir = savedDir(lab, fault, node);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = join(dir, 'files.tar.base64');
  writeFileSync(`${file}.new`, stdout, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function isSaved(lab: Lab, fault: string, node: string): boolean {
  return existsSync(savedDir(lab, fault, node));
}

export async function restoreFiles(lab: Lab, fault: string, node: string): Promise<void> {
  const input = readFileSync(join(savedDir(lab, fault, node), 'files.tar.base64'));
  const script = 'base64 -d | tar -C / -xpf -';
  const { code, stderr } = await lab.sh(node, ['bash', '-o', 'pipefail', '-c', script], { input });
  if (code !== 0) throw new Error(`${node}: cannot restore what ${fault} took: ${stderr.trim()}`);
}

export function forget(lab: Lab, fault: string, node: string): void {
  rmSync(savedDir(lab, fault, node), { recursive: true, force: true });
}
