import { access, constants } from 'node:fs/promises';
import type { Inventory } from './inventory.ts';

/**
 * The files that the inventory names and that this process cannot read, one sentence each. Not an error of the
 * inventory: the command line needs only names, and one cluster's lost kubeconfig must not stop the recovery of another.
 */
export async function unreadableFiles(inventory: Inventory): Promise<string[]> {
  const sentences = await Promise.all(
    Object.values(inventory.clusters).flatMap(({ name, api, ssh, approvers }) => [
      unreadable(inventory, `clusters.${name}.api.kubeconfig`, api.kubeconfig),
      unreadable(inventory, `clusters.${name}.ssh.config`, ssh.config),
      unreadable(inventory, `clusters.${name}.approvers.allowedSigners`, approvers?.allowedSigners),
      unreadable(inventory, `clusters.${name}.approvers.revoked`, approvers?.revoked),
    ]),
  );
  return sentences.filter((sentence) => sentence !== undefined);
}

async function unreadable(inventory: Inventory, key: string, file?: string): Promise<string | undefined> {
  if (file === undefined) return undefined;
  return access(file, constants.R_OK).then(
    () => undefined,
    () => `${inventory.file}: ${key}: ${file} does not exist or cannot be read`,
  );
}
