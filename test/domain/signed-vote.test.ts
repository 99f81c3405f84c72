import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeVote, judgeVoter, votePayload, type VoteRefusal } from '../../domain/approval.ts';
import { cast, gate, now, vote } from '../support/gates.ts';

/** The same gate where only signatures count, and a vote that lacks nothing but the check of its own. */
const signedGate = gate({ mode: 'signed', votesNeeded: 2 });
const signedVote = {
  ...vote,
  ...signedGate.subject,
  issued: now,
  expires: '2026-11-22T12:10:00Z',
  signature: '-----BEGIN SSH SIGNATURE-----',
};

const refusedUnchecked: [string, VoteRefusal, unknown][] = [
  ['no signature', 'NoSignature', vote],
  ['the placeholder for a signature', 'NoSignature', { ...signedVote, signature: '<what ssh-keygen wrote>' }],
  ['a kind left open', 'WrongKind', { ...signedVote, kind: '' }],
  ['a cluster left open', 'ForeignCluster', { ...signedVote, cluster: ' ' }],
  ['a run left open', 'ForeignRun', { ...signedVote, firstRun: '' }],
  ['a plan left open', 'StalePlan', { ...signedVote, plan: '' }],
  ['no expiry', 'MalformedVote', { ...signedVote, expires: undefined }],
  ['a signature of a book', 'MalformedVote', { ...signedVote, signature: 'x'.repeat(16_001) }],
];

for (const [name, refusal, input] of refusedUnchecked) {
  test(`where votes are signed one is refused as ${refusal}, unchecked: ${name}`, () => {
    const judged = judgeVote(JSON.parse(JSON.stringify(input)), signedGate, now);
    assert.equal('counts' in judged ? 'counts' : judged.refused, refusal);
    assert.match('refused' in judged ? judged.expected : '', /cpr approve lab/);
  });
}

test('where votes are signed a whole one may be checked, and its page says all that must be signed', () => {
  assert.ok('counts' in judgeVote(signedVote, signedGate, now));
  const shown = JSON.parse(votePayload(signedGate)) as Record<string, string>;
  const filled = { ...shown, by: 'Anna', reason: 'seen', issued: now, expires: now, signature: 'x' };
  assert.ok('counts' in judgeVote(filled, signedGate, now));
  assert.ok(Object.values(shown).every((value) => typeof value === 'string'));
});

test('two names with one key are one person, who may still reject and withdraw', () => {
  const proof = { principal: 'ben', key: 'SHA256:same' };
  const at = gate({
    mode: 'signed',
    votesNeeded: 2,
    votes: [{ ...cast, proof: { principal: 'anna', key: 'SHA256:same' } }],
  });
  assert.equal(judgeVoter({ ...vote, by: 'Ben' }, proof, at)?.[0], 'DuplicateVote');
  assert.equal(judgeVoter({ ...vote, by: 'Ben' }, { ...proof, key: 'SHA256:other' }, at), undefined);
  assert.equal(judgeVoter({ ...vote, by: 'Ben', decision: 'reject' }, proof, at), undefined);
});
