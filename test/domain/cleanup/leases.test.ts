import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '../../../activities/decide/index.ts';
import type { CleanupDecision } from '../../../domain/cleanup/verdict.ts';
import type { Observation } from '../../../domain/control-plane.ts';
import { renderPlan } from '../../../domain/plan-text.ts';
import { riskOf, type CleanupPlan } from '../../../domain/plan.ts';
import { unknown } from '../../../domain/reading.ts';
import type { Verdict } from '../../../domain/verdict.ts';
import { leaseReads, leftLease, lend } from '../../support/lent.ts';
import {
  apiUnreachable,
  healthyObservation,
  incidentOn,
  kubeletOf,
  leftRun,
  observedAt,
  scripts,
  secondsAfter,
  unreachableBySsh,
} from '../../support/observations.ts';
import { cleanupPlanIn, judgeCleanup } from '../../support/cleanups.ts';

type Change = (observation: Observation, decision: CleanupDecision) => unknown;

/** A healthy cluster on which the override is lent, and nobody is there to put it back; and one change more. */
function judged(change?: Change): Verdict {
  const observation = healthyObservation();
  lend(observation);
  return judgeCleanup(observation, change);
}

function planned(change?: Change): CleanupPlan {
  return cleanupPlanIn(judged(change));
}

function idsOf({ steps }: CleanupPlan): string[] {
  return steps.map(({ id }) => id);
}

const littered: Change = (observation) => kubeletOf(observation, 'master-1').traces.runs.push(leftRun());
const named =
  (node: string): Change =>
  (_, { request }) =>
    (request.node = node);

const alone = ['lease-etcd-unsafe-override', 'verify'];

describe('the plan of a cleanup where a setting is lent', () => {
  it('puts it back, and says from what to what, for whom it was lent, and what leaving it means', () => {
    const { steps, target, pins, ...plan } = planned();
    assert.equal(target, 'lab');
    assert.deepEqual(
      steps.map(({ id }) => id),
      alone,
    );
    const [step] = steps;
    const [key, note] = step?.changes ?? [];
    assert.match(
      key?.what ?? '',
      /^\/spec\/unsupportedConfigOverrides\/useUnsupported.* of \/apis\/operator/,
    );
    assert.match(key?.from ?? '', /^true, lent to "recovery\/lab" \(run "run-1"\) until /);
    assert.equal(key?.to, 'as before that lease: the key is removed, and its field with it');
    assert.deepEqual([note?.from, note?.to], ['note of lease "lease-1"', 'removed']);
    assert.match(step?.skipMeans ?? '', /the quorum guard of the etcd operator is off/);
    assert.equal(riskOf({ ...plan, steps, target, pins }), 'reversible');
    assert.deepEqual(plan.residualRisk, []);
  });

  it('reads as a plan of the cluster, and says that nothing remains', () => {
    const text = renderPlan(planned(), 'd0'.repeat(32));
    assert.match(text, /^Cleanup of lab\n/);
    assert.match(text, /What remains afterwards:\n {2}- nothing that this plan knows of/);
  });

  it('pins the lease as it was read, and no script, since nothing runs on a node', () => {
    const { pins, steps } = planned((_, decision) => (decision.scripts = {}));
    const back = 'the key is removed, and its field with it';
    assert.deepEqual(pins, { runId: 'c1ea9000000a', scripts: {}, leases: [{ lease: leftLease, back }] });
    assert.ok(steps.every(({ script }) => script === undefined));
  });

  it('is another plan when the lease is another, or would be put back otherwise', () => {
    const digest = digestOf(planned());
    assert.equal(digest, digestOf(planned()));
    const otherwise = planned((observation) =>
      lend(observation, 'the key is removed; theirs stay as they are'),
    );
    const another = { state: 'held', lease: { ...leftLease, id: 'lease-2' }, back: '' } as const;
    assert.notEqual(digest, digestOf(otherwise));
    assert.notEqual(digest, digestOf(planned((observation) => leaseReads(observation, another))));
  });

  it('does that first, and what is left on a node after it', () => {
    for (const change of [littered, both(littered, named('master-1'))]) {
      const plan = planned(change);
      assert.equal(plan.target, 'master-1');
      assert.deepEqual(idsOf(plan), ['lease-etcd-unsafe-override', 'conclude-0b1c2d3e4f50', 'verify']);
      assert.equal(plan.pins.scripts, scripts);
    }
  });

  const elsewhere: [string, Change][] = [
    ['is not well', both(littered, (seen) => incidentOn('master-1', seen))],
    ['cannot be looked at', (observation) => unreachableBySsh(observation, 'master-2')],
    [
      'has leftovers, as another one has',
      both(littered, (observation) => kubeletOf(observation, 'master-2').traces.runs.push(leftRun())),
    ],
    [
      'has a script of ours at work',
      (observation, decision) => {
        kubeletOf(observation, 'master-1').traces.lockHeld = true;
        decision.open = [];
      },
    ],
  ];
  for (const [what, change] of elsewhere) {
    it(`does only that where a node ${what}, and says that the node stays as it is`, () => {
      const plan = planned(change);
      assert.deepEqual(idsOf(plan), alone);
      assert.equal(plan.target, 'lab');
      assert.deepEqual(plan.residualRisk, [
        'Whatever runs have left on nodes stays for now: see the evidence.',
      ]);
    });
  }

  it('leaves a setting alone that is not as its lease left it, and says so', () => {
    const plan = planned(both(littered, changedByHand));
    assert.deepEqual(idsOf(plan), ['conclude-0b1c2d3e4f50', 'verify']);
    assert.match(
      plan.residualRisk.join(),
      /etcd-unsafe-override bears a lease and is not as that lease left it/,
    );
  });

  it('is the same whether or not the setting can be read just now, where nothing is lent', () => {
    assert.equal(digestOf(planned(both(littered, free))), digestOf(planned(both(littered, unread))));
  });
});

const refused: [string, string, Change][] = [
  ['the watchdog is open', 'NothingLeft', (_, decision) => (decision.leaseWatched = true)],
  ['it is not lent', 'NothingLeft', free],
  [
    'a person has set it',
    'NothingLeft',
    (observation) => leaseReads(observation, { state: 'foreign', evidence: ['it is true'] }),
  ],
  ['somebody has changed what a lease left', 'LeaseForeign', changedByHand],
  ['the setting could not be read', 'EvidenceIncomplete', unread],
  ['a node is named that does not exist', 'UnknownNode', named('worker-0')],
  ['the API does not answer', 'ApiUnreachable', (observation) => apiUnreachable(observation)],
  ['the look is old', 'EvidenceIncomplete', (_, decision) => (decision.now = secondsAfter(observedAt, 660))],
];

describe('a lent setting is not put back', () => {
  for (const [when, reason, change] of refused) {
    it(`but refused as ${reason} when ${when}`, () => {
      const verdict = judged(change);
      assert.ok(verdict.kind === 'refuse', verdict.kind);
      assert.equal(verdict.reason, reason, verdict.because);
    });
  }
});

function changedByHand(observation: Observation): void {
  leaseReads(observation, { state: 'foreign', evidence: ['it is false'], noted: true });
}

function free(observation: Observation): void {
  leaseReads(observation, { state: 'free' });
}

function unread(observation: Observation): void {
  const { target } = leftLease;
  observation.lentSettings = [{ target, lease: unknown('timed out', 'GET etcds/cluster', 'ApiUnreachable') }];
}

function both(...changes: Change[]): Change {
  return (observation, decision) => changes.forEach((change) => change(observation, decision));
}
