import { createHash } from 'node:crypto';
import { Encrypter } from 'age-encryption';
import { copiesToRemove, type CopyRecord } from '../../../domain/etcd/copies.ts';
import type { EtcdPins } from '../../../domain/etcd/pins.ts';
import type { ClusterConnection, SnapshotPlace } from '../../connections/cluster.ts';
import { digestOf, listCopies, newCopy, removeCopy, type CopyFile } from '../../connections/copy-store.ts';
import type { NodeLane } from '../../connections/node-lane.ts';
import type { EtcdActActivities, SnapshotTaken } from '../../etcd-contract.ts';
import { failure, sentenceOf } from '../../failure.ts';

/** Over a slow line, eight gigabytes. What stands still ends with its connection, long before that. */
const STREAM_MS = 7_200_000;

interface Copying {
  cluster: ClusterConnection;
  lane: NodeLane;
  signal: AbortSignal;
}

/**
 * The snapshot as it lies on the executor, encrypted while it comes: in clear text it is never on this host's disk. One of this run
 * that is whole is "already so".
 */
export async function copySnapshot(
  { cluster, lane, signal }: Copying,
  pins: EtcdPins,
  snapshot: SnapshotTaken,
): ReturnType<EtcdActActivities['copySnapshot']> {
  const place = placeOf(cluster, pins);
  const present = await onDisk(place, () => presentCopy(place, cluster.name, pins, snapshot));
  const path = present ?? (await makeCopy({ cluster, lane, signal }, place, pins, snapshot));
  const removed = await onDisk(place, () => applyRetention(place, cluster.name, pins.runId));
  const kept =
    removed === 0
      ? ''
      : `; ${removed} older ${removed === 1 ? 'copy is' : 'copies are'} gone, as the inventory says`;
  const sentence = `${present === undefined ? 'the snapshot' : 'the copy of this run'} lies encrypted to ${pins.recipient} in ${path}${kept}`;
  return { changed: present === undefined, sentence, path };
}

function placeOf({ name, snapshots }: ClusterConnection, { recipient }: EtcdPins): SnapshotPlace {
  if (!snapshots)
    throw failure('PreconditionFailed', `this worker's inventory of ${name} names no place for snapshots`);
  if (snapshots.recipient !== recipient)
    throw failure(
      'PreconditionFailed',
      `this worker's inventory names another key for snapshots than was approved`,
    );
  return snapshots;
}

async function presentCopy(
  { directory }: SnapshotPlace,
  cluster: string,
  { runId, recipient }: EtcdPins,
  { sha256 }: SnapshotTaken,
): Promise<string | undefined> {
  const copies = await listCopies(directory, cluster);
  // A run that has waited for long has taken more than one.
  const own = copies.find(
    ({ record }) => record.run === runId && record.recipient === recipient && record.sha256 === sha256,
  );
  if (!own) return undefined;
  const { path, record } = own;
  const is = await digestOf(path);
  return is.sha256 === record.fileSha256 && is.bytes === record.fileBytes ? path : undefined;
}

async function makeCopy(
  copying: Copying,
  place: SnapshotPlace,
  pins: EtcdPins,
  snapshot: SnapshotTaken,
): Promise<string> {
  const key = { cluster: copying.cluster.name, run: pins.runId, time: new Date().toISOString() };
  const file = await onDisk(place, () => newCopy(place.directory, key));
  try {
    const written = await encryptInto(file, copying, place, pins, snapshot);
    const { sha256, bytes, revision } = snapshot;
    const { node } = pins.executor;
    const { recipient } = pins;
    return await onDisk(place, () =>
      file.finish({ ...key, node, recipient, sha256, bytes, revision, ...written }),
    );
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/** Bytes of the node go in at one end of age, its own come out at the other and onto the disk; nothing waits in between. */
async function encryptInto(
  file: CopyFile,
  { lane, signal }: Copying,
  place: SnapshotPlace,
  { executor: { node }, runId, recipient }: EtcdPins,
  { sha256, bytes }: SnapshotTaken,
): Promise<Pick<CopyRecord, 'fileSha256' | 'fileBytes'>> {
  const plain = createHash('sha256');
  let came = 0;
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  const writer = writable.getWriter();
  const stored = encrypter.encrypt(readable).then((encrypted) => store(encrypted, file, place));
  // Whichever of the two fails first ends the other; its own error is the one that counts.
  stored.catch((error: unknown) => void writer.abort(error).catch(() => {}));
  const sending = lane
    .stream({
      node,
      script: 'stream-snapshot.sh',
      runId,
      args: [node, sha256],
      mostBytes: bytes,
      timeoutMs: STREAM_MS,
      signal,
      async body(chunk) {
        plain.update(chunk);
        came += chunk.length;
        await writer.write(chunk);
      },
    })
    .then(() => {
      if (came !== bytes || plain.digest('hex') !== sha256)
        throw failure(
          'SnapshotNotVerified',
          `what came from ${node} is not the snapshot that was verified there`,
        );
      return writer.close();
    });
  sending.catch((error: unknown) => void writer.abort(error).catch(() => {}));
  const [, written] = await Promise.all([sending, stored]);
  return written;
}

async function store(
  encrypted: ReadableStream<Uint8Array>,
  file: CopyFile,
  place: SnapshotPlace,
): Promise<Pick<CopyRecord, 'fileSha256' | 'fileBytes'>> {
  const hash = createHash('sha256');
  let fileBytes = 0;
  for await (const chunk of encrypted) {
    hash.update(chunk);
    fileBytes += chunk.length;
    await onDisk(place, () => file.write(chunk));
  }
  return { fileSha256: hash.digest('hex'), fileBytes };
}

/** Only what was made by us for this cluster, and never the copy of this run. */
async function applyRetention(
  { directory, keep }: SnapshotPlace,
  cluster: string,
  runId: string,
): Promise<number> {
  const copies = await listCopies(directory, cluster);
  const records = copies.map(({ record }) => record);
  const old = new Set(copiesToRemove(records, keep, new Date().toISOString()));
  const going = copies.filter(({ record }) => old.has(record) && record.run !== runId);
  for (const copy of going) await removeCopy(copy);
  return going.length;
}

async function onDisk<T>(
  { directory }: Pick<SnapshotPlace, 'directory'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw failure('PreconditionFailed', `copies cannot be written to ${directory}: ${sentenceOf(error)}`);
  }
}
