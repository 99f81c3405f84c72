import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addressOf, type LabSettings } from '../settings.ts';

/** The address that the node has now: the one it was made with, unless a fault has given it another. */
export function currentAddress(settings: LabSettings, node: string): string {
  return changed(settings)[node] ?? addressOf(settings, node);
}

/** Remembers where the node is from now on; its first address is forgotten as a change. */
export function recordAddress(settings: LabSettings, node: string, address: string): void {
  const { [node]: _before, ...others } = changed(settings);
  const now = address === addressOf(settings, node) ? others : { ...others, [node]: address };
  const file = fileOf(settings);
  writeFileSync(`${file}.new`, `${JSON.stringify(now, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

function changed(settings: LabSettings): Record<string, string> {
  const file = fileOf(settings);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>) : {};
}

function fileOf({ dir }: LabSettings): string {
  return join(dir, 'addresses.json');
}
