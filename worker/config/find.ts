import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { loadInventory, type Inventory } from './inventory.ts';
import { inventoryError } from './problems.ts';

export interface InventorySearch {
  /** `--config`. */
  config?: string | undefined;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** The inventories of labs that run on this machine: looked at last. */
  labInventories?: () => Promise<string[]>;
}

/** Finds the inventory and loads it. Throws `InventoryError`; when none is found, it says where it was looked for. */
export async function findInventory(search: InventorySearch = {}): Promise<Inventory> {
  const file = await findInventoryFile(search);
  return loadInventory(file);
}

/**
 * The first of: `--config`, `CPR_CONFIG`, `./clusters.yaml`, `~/.config/control-plane-recovery/clusters.yaml`, a
 * running lab's. A file that was named must exist: falling through to another inventory would repair another cluster.
 */
export async function findInventoryFile(search: InventorySearch = {}): Promise<string> {
  const { env = process.env, cwd = process.cwd() } = search;
  if (search.config !== undefined) return named(resolve(cwd, search.config), '--config');
  if (env['CPR_CONFIG']) return named(resolve(cwd, env['CPR_CONFIG']), 'CPR_CONFIG');
  const places = [join(cwd, 'clusters.yaml'), userInventory(env)];
  for (const place of places) if (await exists(place)) return place;
  const labs = chosenAmong((await search.labInventories?.()) ?? [], env);
  if (labs.length > 1) {
    throw inventoryError(
      'clusters.yaml',
      [],
      `several labs are running; name one with --config, or with CPR_LAB_NAME: ${labs.join(', ')}`,
    );
  }
  if (labs[0] !== undefined) return labs[0];
  throw inventoryError(
    'clusters.yaml',
    [],
    `no inventory found: neither ${places.join(' nor ')} exists, and no lab is running. Write one (docs/configuration.md), name it with --config or CPR_CONFIG, or run \`cpr lab up\`.`,
  );
}

/** Whoever runs a second lab names it to the lab's own commands by this variable. An inventory lies in its lab's directory. */
function chosenAmong(labs: string[], { CPR_LAB_NAME: name }: NodeJS.ProcessEnv): string[] {
  const own = labs.filter((file) => basename(dirname(file)) === name);
  return own.length === 1 ? own : labs;
}

function userInventory(env: NodeJS.ProcessEnv): string {
  const config = env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config');
  return join(config, 'control-plane-recovery', 'clusters.yaml');
}

async function named(file: string, by: string): Promise<string> {
  if (await exists(file)) return file;
  throw inventoryError(file, [], `${file}: there is no such file (named by ${by})`);
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
