import { decimalId } from '../../../domain/etcd/member-id.ts';
import type { EtcdPins } from '../../../domain/etcd/pins.ts';
import { snapshotFault } from '../../../domain/etcd/snapshot.ts';
import type { NodeLane } from '../../connections/node-lane.ts';
import type { EtcdActActivities } from '../../etcd-contract.ts';
import { failure } from '../../failure.ts';
import { highestRevision, readAllMembers } from './read-members.ts';

/** Eight gigabytes, the most that etcd's makers advise, from a slow disk to itself. */
const SNAPSHOT_MS = 900_000;

/**
 * Through the pinned member of the executor, verified there before it gets its name. Throws `SnapshotNotVerified` for one that is
 * not to be relied on.
 */
export async function takeSnapshot(
  lane: NodeLane,
  pins: EtcdPins,
  signal: AbortSignal,
): ReturnType<EtcdActActivities['takeSnapshot']> {
  const { executor, clusterId, runId } = pins;
  const { node } = executor;
  const before = highestRevision(await readAllMembers(lane, pins, signal, ['revision']));
  const args = [node, decimalId(clusterId), decimalId(executor.memberId), String(before)];
  const script = 'snapshot-etcd.sh';
  const said = await lane.run({ node, script, runId, args, timeoutMs: SNAPSHOT_MS, signal });
  const { path = '', sha256 = '' } = said;
  const bytes = numberOf(said['bytes']);
  const revision = numberOf(said['revision']);
  const facts = {
    sizeBytes: bytes,
    sha256,
    trailerMatches: said['trailer'] === 'yes',
    pagesIntact: said['pages'] === 'yes',
    revision,
    totalKeys: numberOf(said['keys']),
  };
  // An earlier attempt's is measured by what the cluster had when that one began.
  const fault = snapshotFault(facts, numberOf(said['floor']));
  if (fault !== undefined || said['placed'] !== 'yes') {
    const because = fault ?? 'its script has not put it in place';
    throw failure('SnapshotNotVerified', `the snapshot on ${node} is not one to rely on: ${because}`);
  }
  const changed = said['changed'] === 'yes';
  const sentence = `${changed ? 'a verified snapshot' : 'the verified snapshot of this run'} of revision ${revision} lies in ${path} on ${node} (${bytes} bytes, SHA-256 ${sha256})`;
  return { changed, sentence, path, sha256, bytes, revision };
}

/** Not a number: worse than any, so that every comparison with it fails. */
function numberOf(written: string | undefined): number {
  return written !== undefined && /^\d{1,16}$/.test(written) ? Number(written) : Number.NaN;
}
