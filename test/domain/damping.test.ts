import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '../../activities/decide/index.ts';
import { asProposal, dampedBecause, type ClosedRecovery } from '../../domain/damping.ts';
import { decide } from '../support/decisions.ts';
import { incidentOn } from '../support/observations.ts';

const at = (hour: number, minute = 0) => new Date(Date.UTC(2026, 10, 22, hour, minute)).toISOString();
const closedAt = at(1);
const policy = { dampingMs: 4 * 3_600_000 };
const digest = 'ab'.repeat(32);
const other = 'cd'.repeat(32);
const runbook = 'KubeletAuthRecovery';

function closed(status: ClosedRecovery['status'], change: Partial<ClosedRecovery> = {}): ClosedRecovery {
  return { runbook, status, closedAt, digest, ...change };
}

/** One that never came to a plan. */
function planless(status: ClosedRecovery['status']): ClosedRecovery {
  return { runbook, status, closedAt };
}

const table: [string, ClosedRecovery[], { now?: string; damped: boolean }][] = [
  ['was rejected minutes ago', [closed('rejected')], { damped: true }],
  ['was aborted minutes ago', [closed('aborted')], { damped: true }],
  ['expired minutes ago', [closed('expired')], { damped: true }],
  ['was refused for this very plan', [closed('refused')], { damped: true }],
  ['was terminated by somebody, and nobody can tell its plan', [planless('failed')], { damped: true }],
  ['was terminated by somebody, with this very plan', [closed('failed')], { damped: true }],
  ['was terminated with another plan', [closed('failed', { digest: other })], { damped: false }],
  ['was rejected with other evidence', [closed('rejected', { digest: other })], { damped: false }],
  ['was rejected hours ago', [closed('rejected')], { now: at(9), damped: false }],
  ['healed the node, which broke again', [closed('healed')], { damped: false }],
  ['found that the fault had gone', [closed('resolved')], { damped: false }],
  ['was a dry run', [closed('dry-run')], { damped: false }],
  ['was superseded: that is no word about its plan', [closed('superseded')], { damped: false }],
  ['was refused before there was a plan', [planless('refused')], { damped: false }],
  [
    'was refused for the inventory, which allows it now',
    [closed('refused', { reason: 'ApprovalsNotConfigured' })],
    { damped: false },
  ],
  [
    'was refused although a person had approved it',
    [closed('refused', { approved: true })],
    { damped: false },
  ],
  ['was aborted after an approval', [closed('aborted', { approved: true })], { damped: true }],
  ['never was', [], { damped: false }],
  [
    'was a dry run, and the one before was rejected',
    [closed('dry-run', { closedAt: at(1, 3) }), closed('rejected')],
    { damped: true },
  ],
  [
    'was superseded, and the one before was rejected',
    [closed('superseded'), closed('rejected')],
    { damped: true },
  ],
  [
    'was refused for a moment’s reason, and the one before was rejected',
    [planless('refused'), closed('rejected')],
    { damped: true },
  ],
  [
    'was rejected with other evidence, and the one before with this',
    [closed('rejected', { digest: other }), closed('rejected')],
    { damped: true },
  ],
  [
    'healed the node, and the one before was rejected',
    [closed('healed'), closed('rejected')],
    { damped: false },
  ],
  [
    'was a dry run, and the one before was rejected hours ago',
    [closed('dry-run', { closedAt: at(8) }), closed('rejected')],
    { now: at(9), damped: false },
  ],
  ['of another runbook was terminated', [{ ...planless('failed'), runbook: 'Cleanup' }], { damped: false }],
];

describe('a recovery is not proposed again', () => {
  for (const [what, runs, { now = at(1, 5), damped }] of table) {
    it(`${damped ? 'when' : 'is wrong to say when'} the last one ${what}`, () => {
      assert.equal(dampedBecause(runs, { runbook, digest }, policy, now) !== undefined, damped);
    });
  }

  it('before a time that it names', () => {
    const why = dampedBecause([closed('rejected')], { runbook, digest }, policy, at(1, 5));
    assert.match(why ?? '', /not proposed again before 2026-11-22T05:00:00/);
  });
});

it('two runs that would do the same are one question, whatever their directories are called', () => {
  const plans = ['0b1c2d3e4f50', 'a1b2c3d4e5f6'].map((runId) => {
    const verdict = decide(incidentOn('master-1'), { runId });
    assert.ok(verdict.kind === 'proceed', verdict.because);
    return verdict.plan;
  });
  const [first, second] = plans.map((plan) => digestOf(asProposal(plan)));
  assert.notEqual(digestOf(plans[0]), digestOf(plans[1]));
  assert.equal(first, second);
});
