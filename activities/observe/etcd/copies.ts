import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CopyPlace } from '../../../domain/etcd/platform.ts';
import { known, unknown, type Reading } from '../../../domain/reading.ts';
import type { ClusterConnection } from '../../connections/cluster.ts';
import { sentenceOf } from '../../failure.ts';

/** Where this worker would write copies of snapshots. The directory need not exist yet: what is above it has the room. */
export async function readCopyPlace({ snapshots }: ClusterConnection): Promise<Reading<CopyPlace>> {
  // An inventory without a place for copies names no key either, and the decision says so.
  if (!snapshots) return known({ recipient: '', freeBytes: 0 }, 'the inventory');
  const source = `the worker's ${snapshots.directory}`;
  try {
    return known({ recipient: snapshots.recipient, freeBytes: await freeBelow(snapshots.directory) }, source);
  } catch (error) {
    return unknown(sentenceOf(error), source);
  }
}

async function freeBelow(directory: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  } catch (error) {
    const above = dirname(directory);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === directory) throw error;
    return freeBelow(above);
  }
}
