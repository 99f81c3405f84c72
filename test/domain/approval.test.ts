import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  judgeVote,
  votePayload,
  voteRefusals,
  type CastVote,
  type Gate,
  type Vote,
  type VoteRefusal,
} from '../../domain/approval.ts';
import { gateStateAt, votesMissing, votesNeededFor } from '../../domain/gate.ts';
import { defaultPolicy } from '../../domain/policy.ts';
import { decide } from '../support/decisions.ts';
import { incidentOn } from '../support/observations.ts';

const now = '2026-11-22T12:00:00.000Z';

function gate(change: Partial<Gate> = {}): Gate {
  return {
    id: 'plan-2',
    nonce: '6f1c0c1e',
    digest: 'd'.repeat(64),
    mode: 'open',
    subject: {
      kind: 'vote',
      cluster: 'lab',
      workflow: 'recovery/lab',
      firstRun: '5b3f3a46',
      plan: 'd'.repeat(64),
      nonce: '6f1c0c1e',
    },
    risk: 'reversible',
    votesNeeded: 1,
    opened: '2026-11-22T11:50:00.000Z',
    deadline: '2026-11-22T15:50:00.000Z',
    votes: [],
    ...change,
  };
}

const vote: Vote = {
  gate: 'plan-2',
  nonce: '6f1c0c1e',
  decision: 'approve',
  by: 'Anna',
  reason: 'mirror pods are gone',
};
const cast: CastVote = { ...vote, at: '2026-11-22T11:55:00.000Z' };

function refusalOf(input: unknown, at: Gate | undefined = gate()): VoteRefusal | 'counts' {
  const judged = judgeVote(input, at, now);
  return 'counts' in judged ? 'counts' : judged.refused;
}

const counted: [string, unknown, Gate][] = [
  ['an approval', vote, gate()],
  ['a rejection', { ...vote, decision: 'reject' }, gate()],
  ['one that has not expired', { ...vote, issued: now, expires: '2026-11-22T12:00:01Z' }, gate()],
  ['one with spaces around', { ...vote, gate: ' plan-2 ', by: ' Anna\n' }, gate()],
  ['one that carries a signature, which mode open does not read', { ...vote, signature: 'x' }, gate()],
  ['the second of two people', { ...vote, by: 'Ben' }, gate({ votesNeeded: 2, votes: [cast] })],
  [
    'a rejection by one who has approved',
    { ...vote, decision: 'reject' },
    gate({ votesNeeded: 2, votes: [cast] }),
  ],
];

for (const [name, input, at] of counted) {
  test(`a vote counts: ${name}`, () => assert.equal(refusalOf(input, at), 'counts'));
}

test('what counts holds the known fields and nothing else, trimmed', () => {
  const judged = judgeVote({ ...vote, by: '  Anna ', signature: 'x' }, gate(), now);
  assert.deepEqual(judged, { counts: vote });
});

const refused: [string, VoteRefusal, unknown, Gate?][] = [
  ['nothing was sent', 'MalformedVote', undefined],
  ['null', 'MalformedVote', null],
  ['the JSON was sent as text', 'MalformedVote', JSON.stringify(vote)],
  ['a list', 'MalformedVote', [vote]],
  ['bytes', 'MalformedVote', new Uint8Array(9)],
  ['an empty object', 'MalformedVote', {}],
  ['no decision', 'MalformedVote', { ...vote, decision: undefined }],
  ['a number for a name', 'MalformedVote', { ...vote, by: 7 }],
  ['a misspelt expiry', 'MalformedVote', { ...vote, expire: now }],
  ['an expiry that is no time', 'MalformedVote', { ...vote, expires: 'soon' }],
  ['an expiry that is a year', 'MalformedVote', { ...vote, expires: '2027' }],
  ['an expiry without a zone', 'MalformedVote', { ...vote, expires: '2026-11-22T12:00:01' }],
  ['a novel for a reason', 'MalformedVote', { ...vote, reason: 'x'.repeat(100_000) }],
  ['the gate before this one', 'WrongGate', { ...vote, gate: 'plan-1' }],
  ['an empty gate', 'WrongGate', { ...vote, gate: '' }],
  ['another nonce', 'WrongNonce', { ...vote, nonce: 'guess' }],
  ['an empty nonce', 'WrongNonce', { ...vote, nonce: '' }],
  ['Approve in capitals', 'UnknownDecision', { ...vote, decision: 'Approve' }],
  ['yes', 'UnknownDecision', { ...vote, decision: 'yes' }],
  ['no name', 'NoName', { ...vote, by: '' }],
  ['a name left out', 'NoName', { ...vote, by: undefined, name: undefined } satisfies unknown],
  ['a name of spaces that nobody sees', 'NoName', { ...vote, by: '\u200B \u2060' }],
  ['the example’s placeholder for a name', 'NoName', { ...vote, by: '<your name>' }],
  ['no reason', 'NoReason', { ...vote, reason: ' ' }],
  ['the example’s placeholder for a reason', 'NoReason', { ...vote, reason: '<why>' }],
  ['an expired vote', 'VoteExpired', { ...vote, expires: '2026-11-22T11:59:59Z' }],
  ['a vote that expires now', 'VoteExpired', { ...vote, expires: now }],
  ['the same person again', 'DuplicateVote', vote, gate({ votesNeeded: 2, votes: [cast] })],
  [
    'the same person, written otherwise',
    'DuplicateVote',
    { ...vote, by: 'ANNA\u200B' },
    gate({ votesNeeded: 2, votes: [cast] }),
  ],
  ['a gate that has its votes', 'GateClosed', { ...vote, by: 'Ben' }, gate({ votes: [cast] })],
  [
    'a gate that was rejected',
    'GateClosed',
    { ...vote, by: 'Ben' },
    gate({ votesNeeded: 2, votes: [{ ...cast, decision: 'reject' }] }),
  ],
  ['a gate at its deadline', 'GateClosed', vote, gate({ deadline: now })],
];

for (const [name, refusal, input, at] of refused) {
  test(`a vote is refused as ${refusal}: ${name}`, () => {
    const withoutUndefined =
      typeof input === 'object' && input !== null && !Array.isArray(input) ? clean(input) : input;
    const judged = judgeVote(withoutUndefined, at ?? gate(), now);
    assert.equal('counts' in judged ? 'counts' : judged.refused, refusal);
    assert.ok('refused' in judged && judged.sentence.length < 200, 'short enough for a small box');
    assert.ok(
      'refused' in judged && judged.expected === votePayload(at ?? gate()),
      'what was expected can be pasted',
    );
  });
}

test('without a gate there is nothing to vote on', () => {
  const judged = judgeVote(vote, undefined, now);
  assert.equal('refused' in judged && judged.refused, 'NoGateOpen');
});

test('every refusal is reached by a case above', () => {
  const reached = new Set<VoteRefusal>([...refused.map(([, refusal]) => refusal), 'NoGateOpen']);
  assert.deepEqual(
    voteRefusals.filter((refusal) => !reached.has(refusal)),
    [],
  );
});

test('what is expected counts once the two blanks are filled', () => {
  const filled = { ...(JSON.parse(votePayload(gate())) as Vote), by: 'Anna', reason: 'seen it' };
  assert.equal(refusalOf(filled), 'counts');
  const rejection = { ...(JSON.parse(votePayload(gate(), 'reject')) as Vote), by: 'Anna', reason: 'not now' };
  assert.deepEqual(judgeVote(rejection, gate(), now), { counts: rejection });
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

/** As a payload arrives: JSON has no undefined. */
function clean(input: object): unknown {
  if (ArrayBuffer.isView(input)) return input;
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
}
