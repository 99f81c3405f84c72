import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeVote, type CastVote } from '../../domain/approval.ts';
import {
  gateStateAt,
  remember,
  rulesChanged,
  votesAtMost,
  votesMissing,
  votesNeededFor,
} from '../../domain/gate.ts';
import { defaultPolicy } from '../../domain/policy.ts';
import { decide } from '../support/decisions.ts';
import { cast, gate, now, vote, withdrawn } from '../support/gates.ts';
import { incidentOn } from '../support/observations.ts';

test('defence in depth: if two approvals of the requester ever stood, which a second one is refused for, they would not do', () => {
  const two = gate({
    votesNeeded: 2,
    votes: [
      { ...cast, by: 'Ada' },
      { ...cast, by: 'ada\u200B' },
    ],
  });
  assert.deepEqual([votesMissing(two), gateStateAt(two, now)], [1, 'open']);
  const second = judgeVote({ ...vote, by: 'ada' }, { ...two, votes: two.votes.slice(0, 1) }, now);
  assert.equal('refused' in second && second.refused, 'DuplicateVote');
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

/** Who votes again and again, each time withdrawing before. */
function fickle(count: number): CastVote[] {
  return Array.from({ length: count }, (_, index) => ({
    ...cast,
    reason: `seen ${index}`,
    withdrawnAt: now,
  }));
}

function refusal(decision: string, votes: CastVote[], by = 'Ben'): string {
  const judged = judgeVote({ ...vote, by, decision }, gate({ votesNeeded: 2, votes }), now);
  return 'refused' in judged ? judged.refused : 'counts';
}

test('a gate that holds too many votes takes no more approvals, but still a withdrawal and a rejection', () => {
  const full = [...fickle(votesAtMost - 1), cast];
  assert.equal(refusal('approve', full.slice(1)), 'counts');
  assert.equal(refusal('approve', full), 'TooManyVotes');
  assert.equal(refusal('reject', full), 'counts');
  assert.equal(refusal('withdraw', full, cast.by), 'counts');
});

test('what the report names of votes is bounded, and what stands outlives what was withdrawn', () => {
  const votes: CastVote[] = [];
  remember(votes, cast);
  for (const each of fickle(1_000)) remember(votes, each);
  assert.equal(votes.length, 200);
  assert.equal(votes[0], cast);
  assert.equal(votes.at(-1)?.reason, 'seen 999');
});
