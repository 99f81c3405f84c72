import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import type { LabSettings } from '../settings.ts';

/**
 * The private key to which the lab's copies of snapshots are encrypted. It lies beside them, which nobody should do with one
 * that matters: here it goes with the lab.
 */
function snapshotKeyPath(settings: LabSettings): string {
  return join(settings.dir, 'snapshots.identity');
}

/** What the inventory of the lab says about copies of snapshots; the key pair is made the first time. */
export async function snapshotPlace(
  settings: LabSettings,
): Promise<{ directory: string; recipient: string; keep: number }> {
  const file = snapshotKeyPath(settings);
  if (!existsSync(file)) writeFileSync(file, `${await generateX25519Identity()}\n`, { mode: 0o600 });
  const recipient = await identityToRecipient(readFileSync(file, 'utf8').trim());
  return { directory: join(settings.dir, 'snapshots'), recipient, keep: 5 };
}
