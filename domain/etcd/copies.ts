import type { SnapshotRetention } from './policy.ts';

/** What lies beside an encrypted copy of a snapshot, so that it can be told what it is without its key. No secret. */
export interface CopyRecord {
  cluster: string;
  /** The run that made it. */
  run: string;
  /** ISO 8601 in UTC: when the copy was begun. */
  time: string;
  /** The master on which the snapshot was taken. */
  node: string;
  /** The public key of age to which it is encrypted. */
  recipient: string;
  /** Of the snapshot itself. */
  sha256: string;
  bytes: number;
  /** Of etcd. */
  revision: number;
  /** Of the encrypted file. */
  fileSha256: string;
  fileBytes: number;
}

/** Undefined for anything else: what is not surely one of ours is nobody's to remove. */
export function copyRecordIn(text: string): CopyRecord | undefined {
  const fields = fieldsIn(text);
  if (!fields) return undefined;
  const { cluster, run, time, node, recipient, sha256, bytes, revision, fileSha256, fileBytes } = fields;
  const texts = [cluster, run, time, node, recipient, sha256, fileSha256];
  const numbers = [bytes, revision, fileBytes];
  const whole =
    texts.every((one) => typeof one === 'string' && one !== '') &&
    numbers.every((one) => Number.isSafeInteger(one)) &&
    !Number.isNaN(Date.parse(String(time)));
  // Each of its fields has just been looked at.
  return whole ? (fields as unknown as CopyRecord) : undefined;
}

function fieldsIn(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** `etcd_prod-eu-1_20261128T061500Z_<run>.age`: neither a cluster's nor a run's name has an underscore. */
export function copyName({ cluster, run, time }: Pick<CopyRecord, 'cluster' | 'run' | 'time'>): string {
  const compact = `${time.replaceAll(/[-:]/g, '').slice(0, 15)}Z`;
  return `etcd_${cluster}_${compact}_${run}.age`;
}

/** A copy goes only under the name that its record gives it. */
export function isNamedSo(name: string, record: CopyRecord): boolean {
  return name === copyName(record);
}

/** Which copies of one cluster may go. The newest stays, however old it is. */
export function copiesToRemove(copies: CopyRecord[], keep: SnapshotRetention, now: string): CopyRecord[] {
  const [, ...older] = copies.toSorted((a, b) => Date.parse(b.time) - Date.parse(a.time));
  if ('copies' in keep) return older.slice(keep.copies - 1);
  return older.filter(({ time }) => Date.parse(now) - Date.parse(time) > keep.forMs);
}
