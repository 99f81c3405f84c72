import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dampedBecause } from '../../domain/damping.ts';

const closedAt = '2026-11-22T01:00:00.000Z';
const fiveMinutesLater = '2026-11-22T01:05:00.000Z';
const nextMorning = '2026-11-22T09:00:00.000Z';
const policy = { dampingMs: 4 * 3_600_000 };
const digest = 'ab'.repeat(32);
const other = 'cd'.repeat(32);

type Last = Parameters<typeof dampedBecause>[0];

function closed(status: Last['status'] & string, change: Partial<Last> = {}): Last {
  return { state: 'closed', status, closedAt, digest, ...change };
}

const table: [string, Last, { now?: string; damped: boolean }][] = [
  ['was rejected minutes ago', closed('rejected'), { damped: true }],
  ['was aborted minutes ago', closed('aborted'), { damped: true }],
  ['expired minutes ago', closed('expired'), { damped: true }],
  ['was refused for this very plan', closed('refused'), { damped: true }],
  ['was terminated by somebody', closed('failed', { digest: undefined as never }), { damped: true }],
  ['was rejected with other evidence', closed('rejected', { digest: other }), { damped: false }],
  ['was rejected hours ago', closed('rejected'), { now: nextMorning, damped: false }],
  ['healed the node, which broke again', closed('healed'), { damped: false }],
  ['found that the fault had gone', closed('resolved'), { damped: false }],
  ['was a dry run', closed('dry-run'), { damped: false }],
  [
    'was refused before there was a plan',
    closed('refused', { digest: undefined as never }),
    { damped: false },
  ],
  [
    'was refused for the inventory, which allows it now',
    closed('refused', { reason: 'ApprovalsNotConfigured' }),
    { damped: false },
  ],
  ['was refused although a person had approved it', closed('refused', { approved: true }), { damped: false }],
  ['was aborted after an approval', closed('aborted', { approved: true }), { damped: true }],
  ['never was', { state: 'none' }, { damped: false }],
];

describe('a recovery is not proposed again', () => {
  for (const [what, last, { now = fiveMinutesLater, damped }] of table) {
    it(`${damped ? 'when' : 'is wrong to say when'} the last one ${what}`, () => {
      assert.equal(dampedBecause(last, digest, policy, now) !== undefined, damped);
    });
  }

  it('before a time that it names', () => {
    const why = dampedBecause(closed('rejected'), digest, policy, fiveMinutesLater);
    assert.match(why ?? '', /not proposed again before 2026-11-22T05:00:00/);
  });
});
