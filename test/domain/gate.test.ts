import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gateStateAt, rulesChanged, votesMissing, votesNeededFor } from '../../domain/gate.ts';
import { defaultPolicy } from '../../domain/policy.ts';
import { decide } from '../support/decisions.ts';
import { cast, gate, now, withdrawn } from '../support/gates.ts';
import { incidentOn } from '../support/observations.ts';

test('where two must approve, whoever asked for the run does not suffice', () => {
  const two = gate({
    votesNeeded: 2,
    votes: [
      { ...cast, by: 'Ada' },
      { ...cast, by: 'ada\u200B' },
    ],
  });
  assert.deepEqual([votesMissing(two), gateStateAt(two, now)], [1, 'open']);
  assert.equal(gateStateAt({ ...two, votes: [{ ...cast, by: 'Ada' }, cast] }, now), 'approved');
  assert.equal(
    gateStateAt(gate({ votes: [{ ...cast, by: 'Ada' }] }), now),
    'approved',
    'one vote may be theirs',
  );
});

test('a withdrawn vote is none', () => {
  assert.equal(votesMissing(gate({ votes: withdrawn })), 1);
  assert.equal(gateStateAt(gate({ votes: withdrawn }), now), 'open');
});

test('votes counted by one rule carry no act under another', () => {
  const verdict = decide(incidentOn('master-1'));
  assert.ok(verdict.kind === 'proceed');
  const open = { ...defaultPolicy, approvals: 'open' as const };
  assert.equal(rulesChanged(open, verdict.plan, gate()), undefined);
  assert.match(
    rulesChanged({ ...open, approvals: 'signed' }, verdict.plan, gate()) ?? '',
    /now signed, they were open/,
  );
  const more = { ...open, votes: { ...open.votes, irreversible: 2 } };
  assert.match(rulesChanged(more, verdict.plan, gate()) ?? '', /now 2, they were 1/);
});

test('a gate waits until it has its votes, a rejection, or its deadline; it is never approved by time', () => {
  const two = gate({ votesNeeded: 2 });
  assert.deepEqual([votesMissing(two), gateStateAt(two, now)], [2, 'open']);
  assert.equal(gateStateAt({ ...two, votes: [cast] }, now), 'open');
  assert.equal(gateStateAt({ ...two, votes: [cast, { ...cast, by: 'Ben' }] }, now), 'approved');
  assert.equal(
    gateStateAt({ ...two, votes: [cast, { ...cast, by: 'Ben', decision: 'reject' }] }, now),
    'rejected',
  );
  assert.equal(gateStateAt({ ...two, votes: [cast] }, two.deadline), 'expired');
  assert.equal(
    gateStateAt(gate({ deadline: 'never' }), now),
    'expired',
    'a deadline that is no time is past',
  );
});

test('a policy that asks for no votes still needs one', () => {
  assert.equal(votesMissing(gate({ votesNeeded: 0 })), 1);
  assert.equal(gateStateAt(gate({ votesNeeded: 0 }), now), 'open');
});

test('the riskiest step says how many votes a plan needs', () => {
  const verdict = decide(incidentOn('master-1'));
  assert.ok(verdict.kind === 'proceed');
  const policy = { ...defaultPolicy, votes: { reversible: 1, irreversible: 3, breakGlass: 5 } };
  assert.equal(votesNeededFor(verdict.plan, policy), 3);
  const safe = { ...verdict.plan, steps: verdict.plan.steps.filter(({ risk }) => risk === 'reversible') };
  assert.equal(votesNeededFor(safe, policy), 1);
  const severe = structuredClone(verdict.plan);
  for (const step of severe.steps) step.risk = 'break-glass';
  assert.equal(votesNeededFor(severe, policy), 5);
});
