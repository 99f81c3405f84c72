/** What the first bytes of etcd's files say, in hexadecimal as `observe-etcd.sh` sends them. Each returns a fault or nothing. */

const magic = 0xed0c_daed;

/** bbolt: sixteen bytes of page header, then the meta page, whose last eight bytes are its FNV-1a checksum. */
const metaAt = 16;
const checksumAt = 72;
const metaEnds = 80;

/**
 * The database opens from either of its first two pages, and cannot from none. The one that was just being written while it
 * was read does not count alone.
 */
export function databaseFault(pages: string): string | undefined {
  if (pages === 'missing') return 'there is no database in /var/lib/etcd/member/snap';
  const isWhole = pages.trim().split(' ').some(isMetaPage);
  return isWhole ? undefined : 'neither meta page of /var/lib/etcd/member/snap/db passes its check';
}

function isMetaPage(hexadecimal: string): boolean {
  const page = Buffer.from(hexadecimal, 'hex');
  if (page.length < metaEnds || page.readUInt32LE(metaAt) !== magic) return false;
  return fnv1a(page.subarray(metaAt, checksumAt)) === page.readBigUInt64LE(checksumAt);
}

function fnv1a(bytes: Uint8Array): bigint {
  let hash = 0xcbf2_9ce4_8422_2325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100_0000_01b3n);
  return hash;
}

/** Each file of the write-ahead log begins with a record of the checksum so far: a length of eight bytes, then type 4. */
export function logFault(bytes: string): string | undefined {
  if (bytes === 'missing') return 'there is no file in /var/lib/etcd/member/wal';
  const begins = Buffer.from(bytes, 'hex');
  const isRecord = begins.length >= 10 && begins[8] === 0x08 && begins[9] === 0x04;
  return isRecord ? undefined : 'the newest file in /var/lib/etcd/member/wal does not begin with a record';
}
