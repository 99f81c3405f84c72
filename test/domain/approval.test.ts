import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  judgeVote,
  votePayload,
  voteRefusals,
  type Gate,
  type Vote,
  type VoteRefusal,
} from '../../domain/approval.ts';
import { cast, gate, now, vote, withdrawn } from '../support/gates.ts';

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
  ['one with the cluster typed', { ...vote, cluster: 'lab' }, gate({ risk: 'irreversible' })],
  [
    'a rejection that names no cluster, though the plan cannot be undone',
    { ...vote, decision: 'reject', cluster: "<type the cluster's name>" },
    gate({ risk: 'irreversible' }),
  ],
  ['one that says truly what it is about', { ...vote, ...gate().subject }, gate()],
  ['one by a clock that is ahead within tolerance', { ...vote, issued: '2026-11-22T12:02:00Z' }, gate()],
  ['one that expired within tolerance', { ...vote, expires: '2026-11-22T11:58:01Z' }, gate()],
  ['a withdrawal', { ...vote, decision: 'withdraw' }, gate({ votesNeeded: 2, votes: [cast] })],
  [
    'a withdrawal of the last vote, before the first act',
    { ...vote, decision: 'withdraw' },
    gate({ votes: [cast] }),
  ],
  [
    'a rejection of an approved plan, before the first act',
    { ...vote, by: 'Ben', decision: 'reject' },
    gate({ votes: [cast] }),
  ],
  [
    'a new approval after a withdrawal',
    { ...vote, reason: 'seen again' },
    gate({ votesNeeded: 2, votes: withdrawn }),
  ],
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
  [
    'a vote that has expired, and the tolerance too',
    'VoteExpired',
    { ...vote, expires: '2026-11-22T11:58:00Z' },
  ],
  ['a vote from the future', 'IssuedInFuture', { ...vote, issued: '2026-11-22T12:02:01Z' }],
  [
    'a vote that expires before it is issued',
    'MalformedVote',
    { ...vote, issued: now, expires: '2026-11-22T11:59:59Z' },
  ],
  ['an abort sent as a vote', 'WrongKind', { ...vote, kind: 'abort' }],
  ['a vote for another cluster', 'ForeignCluster', { ...vote, cluster: 'lab-2' }],
  ['a vote for another workflow', 'ForeignRun', { ...vote, workflow: 'recovery/lab-2' }],
  ['a vote for an earlier run', 'ForeignRun', { ...vote, firstRun: 'of-before' }],
  ['a vote for another plan', 'StalePlan', { ...vote, plan: 'e'.repeat(64) }],
  [
    'no cluster typed for what cannot be undone',
    'ClusterNotTyped',
    { ...vote, cluster: "<type the cluster's name>" },
    gate({ risk: 'irreversible' }),
  ],
  ['another cluster typed', 'ForeignCluster', { ...vote, cluster: 'lab-2' }, gate({ risk: 'break-glass' })],
  ['a withdrawn vote once more', 'ReplayedVote', vote, gate({ votesNeeded: 2, votes: withdrawn })],
  [
    'the withdrawal once more, after a new approval',
    'ReplayedVote',
    { ...vote, decision: 'withdraw', reason: 'wrong node' },
    gate({ votesNeeded: 2, votes: [...withdrawn, { ...cast, reason: 'seen again' }] }),
  ],
  [
    'a withdrawal by one who has not voted',
    'NothingToWithdraw',
    { ...vote, by: 'Ben', decision: 'withdraw' },
    gate({ votesNeeded: 2, votes: [cast] }),
  ],
  [
    'a withdrawal after the first act',
    'GateClosed',
    { ...vote, decision: 'withdraw' },
    gate({ votes: [cast], closed: 'its plan is being carried out' }),
  ],
  [
    'an approval at a gate that holds too many votes',
    'TooManyVotes',
    { ...vote, by: 'Ben' },
    gate({ votesNeeded: 2, votes: Array.from({ length: 100 }, () => withdrawn[0]!) }),
  ],
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
  // NoSignature has its cases in signed-vote.test.ts.
  const beside: VoteRefusal[] = ['NoGateOpen', 'NoSignature'];
  const reached = new Set([...refused.map(([, refusal]) => refusal), ...beside]);
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
  const severe = gate({ risk: 'irreversible' });
  const unfilled = { ...(JSON.parse(votePayload(severe)) as Vote), by: 'Anna', reason: 'seen it' };
  assert.equal(refusalOf(unfilled, severe), 'ClusterNotTyped');
  assert.equal(refusalOf({ ...unfilled, cluster: 'lab' }, severe), 'counts');
});

/** As a payload arrives: JSON has no undefined. */
function clean(input: object): unknown {
  if (ArrayBuffer.isView(input)) return input;
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
}
