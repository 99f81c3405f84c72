import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeVote } from '../../domain/approval.ts';
import { judgeResolve } from '../../domain/intervention.ts';
import { renderDetails, renderPlan } from '../../domain/narrative.ts';
import type { RunState } from '../../domain/run.ts';
import { observedAt, secondsAfter } from '../support/observations.ts';
import { blockedRun, healedRun, runState, waitingRun } from '../support/run-state.ts';

/** The JSON in the page's first block of it: what a person copies. */
function pastedFrom(page: string): Record<string, string> {
  const block = /```json\n([^`]*)\n```/.exec(page)?.[1];
  assert.ok(block !== undefined, 'there is something to paste');
  return { ...(JSON.parse(block) as Record<string, string>), by: 'Anna', reason: 'seen it' };
}

test('a waiting run shows what is wrong, the plan, the digest, until when, and both ways to answer', () => {
  const state = waitingRun();
  const page = renderDetails(state);
  for (const wanted of [
    'waiting for approval',
    'bootstrap credential is rejected',
    state.digest ?? '',
    'until 16:00:00 UTC on 2026-11-22',
    'cpr approve lab',
    'Send a Signal',
    'press it again: the first press only formats the JSON',
    '**point of no return**',
    'names are not proved',
    ...state.steps.map(({ id }) => `\`${id}\``),
  ]) {
    assert.ok(page.includes(wanted), wanted);
  }
});

test('a waiting run shows what the plan rests on, before the plan; a run that acts shows its steps instead', () => {
  const state = waitingRun();
  const [first] = state.verdict?.evidence ?? [];
  assert.ok(first, 'the fixture has evidence');
  const page = renderDetails(state);
  assert.ok(page.indexOf('### What was found') < page.indexOf('### Plan'));
  assert.ok(page.includes(first.source));
  assert.doesNotMatch(renderDetails({ ...state, phase: 'acting' }), /### What was found/);
});

test('what a waiting run shows to paste is a vote that counts', () => {
  const state = waitingRun();
  assert.ok(
    'counts' in judgeVote(pastedFrom(renderDetails(state)), state.gate, secondsAfter(observedAt, 10)),
  );
});

test('what a blocked run shows to paste is a decision that counts', () => {
  const state = blockedRun();
  const page = renderDetails(state);
  assert.ok('counts' in judgeResolve(pastedFrom(page), state, observedAt));
  for (const wanted of [
    'no space left on device',
    'NodeScriptFailed',
    'cpr resolve lab retry',
    'cpr resolve lab abort',
  ]) {
    assert.ok(page.includes(wanted), wanted);
  }
});

test('past the point of no return a blocked run offers no abort', () => {
  const state = blockedRun({ stepId: 'approve-csr', choices: ['retry'] });
  state.pastPointOfNoReturn = { stepId: 'restart', at: observedAt };
  const page = renderDetails(state);
  assert.ok(!page.includes('cpr resolve lab abort'));
  assert.ok(page.includes('an abort is refused'));
});

test('a run that has ended asks for nothing any more', () => {
  const page = renderDetails(healedRun());
  assert.match(page, /^## .*healed/);
  assert.ok(!page.includes('Send a Signal') && !page.includes('cpr approve'));
});

test('a refusal says its name and what to do instead', () => {
  const page = renderDetails(
    runState({
      phase: 'closed',
      outcome: {
        status: 'refused',
        reason: 'SignerDown',
        sentence: 'nobody can sign.',
        evidence: [{ fact: 'lease of nobody', source: 'GET leases' }],
        handOver: 'Bring it back first.',
        votes: [],
        endedAt: observedAt,
      },
    }),
  );
  for (const wanted of ['refused', '`SignerDown`', 'lease of nobody', 'Bring it back first.'])
    assert.ok(page.includes(wanted));
});

test('messages that did not count are counted, and the newest are shown', () => {
  const refused = Array.from({ length: 9 }, (_, index) => ({
    at: observedAt,
    what: 'vote',
    why: `WrongNonce ${index}`,
    by: 'Eve',
  }));
  const page = renderDetails(runState({ refused, refusedCount: 60 }));
  assert.ok(
    page.includes('60 messages did not count') &&
      page.includes('WrongNonce 8') &&
      !page.includes('WrongNonce 3'),
  );
});

test('the plan for a terminal fits 100 columns but for hashes and names, and shows risk, undo and digest of all', () => {
  const { plan, digest } = waitingRun();
  const text = renderPlan(plan!, digest!);
  for (const line of text.split('\n'))
    assert.ok(line.length <= 100 || line.trim().split(' ').length <= 2, line);
  for (const step of plan!.steps) assert.ok(text.includes(`${step.id} [${step.risk}]`));
  assert.match(text, /point of no return[^\n]*\n 3\. restart/);
  assert.ok(text.endsWith(`Digest ${digest}`));
});

test('a run that is paused says by whom, why, and how it goes on, before anything else', () => {
  const brake = {
    by: 'olga',
    reason: 'the switch',
    since: observedAt,
    proof: { principal: 'olga', key: 'SHA256:abc' },
  };
  const page = renderDetails({ ...waitingRun({ phase: 'acting' }), paused: brake });
  assert.match(page, /^## .*\*\*paused\*\*/);
  for (const wanted of ['Paused by olga (key `SHA256:abc`)', 'the switch', 'cpr resume lab', '`brake/lab`'])
    assert.ok(page.includes(wanted), wanted);
  const assumed = { by: 'nobody', reason: 'it could not be read', since: observedAt, assumed: true as const };
  const unread = renderDetails({ ...waitingRun({ phase: 'acting' }), paused: assumed });
  assert.ok(!unread.includes('cpr resume') && unread.includes('it could not be read'));
});

test('a signed gate says how a signature is made, shows whose votes are proved, and marks the withdrawn ones', () => {
  const page = renderDetails(signedRun());
  for (const wanted of [
    'each name is proved by a key',
    'cpr approve lab --print',
    'key `SHA256:anna`',
    'approve (withdrawn 12:01:00)',
    'cpr withdraw',
  ])
    assert.ok(page.includes(wanted), wanted);
  assert.ok(!page.includes('with your name and why:'), 'nothing unsigned is to be pasted');
});

test('the page of a new gate shows what became of the plan before, line by line, and a plan cannot break out of it', () => {
  const state = signedRun();
  const drift = {
    gate: 'plan-1',
    at: observedAt,
    why: 'the bootstrap file is another one',
    before: 'a'.repeat(64),
    after: 'b'.repeat(64),
    lines: ['- old ```', '+ new', ...Array.from({ length: 40 }, (_, index) => `+ ${index}`)],
  };
  const page = renderDetails({ ...state, drifts: [drift] });
  assert.match(page, /What changed since gate `plan-1`[^]*another one[^]*```diff\n- old '''\n\+ new\n/);
  assert.ok(page.includes('more lines: the report has them'));
  assert.ok(new TextEncoder().encode(page).length < 14_700);
  assert.ok(page.indexOf('What it waits for') < page.indexOf('What changed since'));
});

test('a blocked step says what skipping it means, and which decisions must be signed', () => {
  const state = blockedRun({ choices: ['retry', 'skip', 'abort'], skipMeans: 'no backup is kept.' });
  const page = renderDetails({ ...state, approvals: 'signed' });
  for (const wanted of [
    '`skip` means: no backup is kept.',
    'cpr resolve lab skip',
    '`skip` and `abort` must be signed',
  ])
    assert.ok(page.includes(wanted), wanted);
  assert.ok(!renderDetails(state).includes('must be signed'));
});

function signedRun(): RunState {
  const state = waitingRun({ approvals: 'signed' });
  const vote = { gate: 'plan-1', nonce: 'n', decision: 'approve' as const, reason: 'seen', at: observedAt };
  Object.assign(state.gate!, { mode: 'signed', votesNeeded: 2 });
  state.gate!.votes = [
    { ...vote, by: 'Anna', proof: { principal: 'Anna', key: 'SHA256:anna' } },
    {
      ...vote,
      by: 'Bo',
      proof: { principal: 'Bo', key: 'SHA256:bo' },
      withdrawnAt: secondsAfter(observedAt, 60),
    },
  ];
  return state;
}

test('the page of a run that was reset at a gate does not say that nothing has been changed', () => {
  assert.match(renderDetails(waitingRun()), /nothing has been changed/);
  const page = renderDetails(waitingRun({ actedBefore: true }));
  assert.doesNotMatch(page, /nothing has been changed|nothing is changed/);
  assert.match(page, /may have acted before it was reset/);
});
