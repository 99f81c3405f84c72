import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  copiesToRemove,
  copyName,
  copyRecordIn,
  isNamedSo,
  type CopyRecord,
} from '../../../domain/etcd/copies.ts';

const day = 86_400_000;
const now = '2026-11-28T06:00:00.000Z';

function copy(daysAgo: number, change: Partial<CopyRecord> = {}): CopyRecord {
  return {
    cluster: 'prod-eu-1',
    run: `er-${daysAgo}`,
    time: new Date(Date.parse(now) - daysAgo * day).toISOString(),
    node: 'master-0',
    recipient: 'age1…',
    sha256: 'a'.repeat(64),
    bytes: 20512,
    revision: 4711,
    fileSha256: 'b'.repeat(64),
    fileBytes: 20800,
    ...change,
  };
}

const days = (gone: CopyRecord[]) => gone.map(({ run }) => run).sort();

describe('which copies may go', () => {
  const copies = [copy(1), copy(40), copy(3), copy(90)];
  it('by number: all but the newest so many', () => {
    assert.deepEqual(days(copiesToRemove(copies, { copies: 2 }, now)), ['er-40', 'er-90']);
  });

  it('by age: those that are older', () => {
    assert.deepEqual(days(copiesToRemove(copies, { forMs: 30 * day }, now)), ['er-40', 'er-90']);
  });

  it('never the newest, however old it is', () => {
    assert.deepEqual(copiesToRemove([copy(400)], { forMs: day }, now), []);
    assert.deepEqual(days(copiesToRemove([copy(400), copy(300)], { forMs: day }, now)), ['er-400']);
  });
});

describe('the record of a copy', () => {
  it('is read back as it was written', () => {
    assert.deepEqual(copyRecordIn(JSON.stringify(copy(1))), copy(1));
  });

  for (const [what, text] of Object.entries({
    'that is not JSON': '{',
    'that is a list': '[]',
    'without a hash': JSON.stringify({ ...copy(1), sha256: undefined }),
    'with a time that is none': JSON.stringify(copy(1, { time: 'yesterday' })),
    'with a size that is a text': JSON.stringify({ ...copy(1), bytes: '20512' }),
  })) {
    it(`${what} is none of ours`, () => assert.equal(copyRecordIn(text), undefined));
  }

  it('stands for the file of its own name alone, and no name is that of another cluster', () => {
    assert.equal(copyName(copy(1)), 'etcd_prod-eu-1_20261127T060000Z_er-1.age');
    assert.equal(isNamedSo(copyName(copy(1)), copy(1)), true);
    assert.equal(isNamedSo(copyName(copy(1)), copy(1, { cluster: 'prod-eu' })), false);
  });
});
