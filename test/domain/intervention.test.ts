import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  abortPayload,
  interventionRefusals,
  judgeAbort,
  judgeResolve,
  judgeSupersede,
  payloadFor,
  resolvePayload,
  type InterventionRefusal,
} from '../../domain/intervention.ts';
import type { BlockedStep, RunState } from '../../domain/run.ts';
import { statementFor, type Saying } from '../../domain/statement.ts';
import { runState, waitingRun } from '../support/run-state.ts';

const now = '2026-11-22T12:30:00.000Z';
const blocked: BlockedStep = {
  stepId: 'bootstrap',
  error: 'no space left on device',
  errorType: 'NodeScriptFailed',
  since: '2026-11-22T12:00:00.000Z',
  nonce: '9b1f2c3d-7a55-4e0e-b0a4-3a1c5d7e9f02',
  choices: ['retry', 'abort'],
  advice: 'Free space, then retry.',
};
const forward: BlockedStep = { ...blocked, stepId: 'approve-csr', choices: ['retry'] };
const retry = { stepId: 'bootstrap', action: 'retry', by: 'Anna', reason: 'space freed' };
const abort = { by: 'Anna', reason: 'wrong node' };

const running = runState({ phase: 'acting' });
const stuck = runState({ phase: 'blocked', digest: 'd'.repeat(64), blocked });
const skippable: RunState = { ...stuck, blocked: { ...blocked, choices: ['retry', 'skip', 'abort'] } };
const waiting = waitingRun();
const restarted = runState({
  phase: 'acting',
  pastPointOfNoReturn: { stepId: 'restart', at: '2026-11-22T12:00:00.000Z' },
});
const ended = runState({ phase: 'closed' });

/** The same run where what is said must be signed. */
function signed<State extends RunState>(state: State): State {
  return { ...state, approvals: 'signed' };
}

/** Exactly what there is to say, with a signature that nobody has checked yet. */
function said(state: RunState, saying: Saying, change: Record<string, string> = {}): Record<string, string> {
  const times = { issued: '2026-11-22T12:29:00Z', expires: '2026-11-22T12:39:00Z' };
  const statement = statementFor(state, saying, { by: 'Anna', reason: 'seen it', ...times });
  assert.ok(statement);
  return { ...statement, signature: '-----BEGIN SSH SIGNATURE-----', ...change };
}

function without(payload: Record<string, string>, ...names: string[]): unknown {
  return Object.fromEntries(Object.entries(payload).filter(([name]) => !names.includes(name)));
}

const skip: Saying = { kind: 'resolveStep', action: 'skip' };
const stop = { kind: 'abort' } as const;

test('a retry, a skip where it is a choice, and an abort of the blocked step count', () => {
  assert.deepEqual(judgeResolve(retry, stuck, now), { counts: retry });
  for (const action of ['skip', 'abort'] as const)
    assert.deepEqual(judgeResolve({ ...retry, action }, skippable, now), {
      counts: { ...retry, action },
    });
});

test('what there is to say about a run counts in both modes', () => {
  for (const state of [skippable, signed(skippable)]) {
    assert.ok('counts' in judgeResolve(said(state, skip), state, now));
    assert.ok('counts' in judgeAbort(said(state, stop), state, now));
  }
  for (const state of [waiting, signed(waiting)])
    assert.ok('counts' in judgeSupersede(said(state, { kind: 'supersede' }), state, now));
});

test('where signatures are needed a retry needs none', () => {
  assert.deepEqual(judgeResolve(retry, signed(stuck), now), { counts: retry });
});

test('before the inventory has been read an abort needs no signature: nothing has been done that it could spoil', () => {
  assert.ok('counts' in judgeAbort(abort, runState({ phase: 'observing', approvals: 'none' }), now));
});

test('an abort is about the run, whatever its plan has become', () => {
  const state = signed(waiting);
  assert.ok('counts' in judgeAbort(said(state, stop, { plan: 'e'.repeat(64) }), state, now));
});

const proper = signed(skippable);
const skipping = said(proper, skip);

const resolves: [string, InterventionRefusal, unknown, RunState][] = [
  ['nothing is blocked', 'NothingBlocked', retry, running],
  ['nothing was sent', 'MalformedCommand', undefined, stuck],
  ['text was sent', 'MalformedCommand', 'retry', stuck],
  ['a field is misspelt', 'MalformedCommand', { ...retry, resaon: 'x' }, stuck],
  ['no step is named', 'MalformedCommand', { action: 'retry', by: 'Anna', reason: 'x' }, stuck],
  ['another step is named', 'WrongStep', { ...retry, stepId: 'backup' }, stuck],
  ['it was about an earlier block', 'WrongStep', { ...retry, since: '2026-11-22T11:00:00.000Z' }, stuck],
  ['another cluster is named', 'ForeignCluster', { ...retry, cluster: 'lab-2' }, stuck],
  ['the action is unknown', 'UnknownAction', { ...retry, action: 'force' }, stuck],
  ['the step cannot be skipped', 'NotSkippable', { ...retry, action: 'skip' }, stuck],
  [
    'abort is asked for when only forward is left',
    'PastPointOfNoReturn',
    { ...retry, stepId: 'approve-csr', action: 'abort' },
    { ...stuck, blocked: forward },
  ],
  ['nobody is named', 'NoName', { ...retry, by: '<your name>' }, stuck],
  ['no reason is given', 'NoReason', { stepId: 'bootstrap', action: 'retry', by: 'Anna' }, stuck],
  ['a skip must be signed', 'NoSignature', { ...retry, action: 'skip' }, proper],
  ['a signed one leaves the run open', 'MalformedCommand', without(skipping, 'firstRun'), proper],
  ['a signed one leaves the cluster open', 'ForeignCluster', { ...skipping, cluster: '' }, proper],
  ['a signed vote is sent instead', 'WrongKind', { ...skipping, kind: 'vote' }, proper],
  ['a signed one is about another plan', 'StalePlan', { ...skipping, plan: 'e'.repeat(64) }, proper],
  ['a signed one is about an earlier failure', 'WrongNonce', { ...skipping, nonce: 'of-before' }, proper],
];

for (const [name, refusal, input, state] of resolves) {
  test(`a decision is refused as ${refusal} when ${name}`, () => {
    const judged = judgeResolve(input, state, now);
    assert.equal('refused' in judged && judged.refused, refusal);
    assert.ok('refused' in judged && judged.expected !== '');
  });
}

const signedRun = signed(running);
const aborting = said(signedRun, stop);

const aborts: [string, InterventionRefusal, unknown, RunState][] = [
  ['the run has ended', 'NothingToAbort', abort, ended],
  ['the kubelet has been restarted', 'PastPointOfNoReturn', abort, restarted],
  ['the kubelet has been restarted, and nonsense was sent', 'PastPointOfNoReturn', 7, restarted],
  ['nothing was sent', 'MalformedCommand', undefined, running],
  ['a field is unknown', 'MalformedCommand', { ...abort, force: 'yes' }, running],
  ['nobody is named', 'NoName', { reason: 'x' }, running],
  ['no reason is given', 'NoReason', { by: 'Anna' }, running],
  ['it must be signed', 'NoSignature', abort, signedRun],
  ['it is for another cluster', 'ForeignCluster', { ...aborting, cluster: 'lab-2' }, signedRun],
  ['it is for another workflow', 'ForeignRun', { ...aborting, workflow: 'recovery/lab-2' }, signedRun],
  ['it is for an earlier run', 'ForeignRun', { ...aborting, firstRun: 'of-before' }, signedRun],
  ['the run was reset since', 'WrongNonce', { ...aborting, nonce: 'of-before' }, signedRun],
  [
    'it was signed in the future',
    'IssuedInFuture',
    { ...aborting, issued: '2026-11-22T12:32:01Z' },
    signedRun,
  ],
  [
    'it has expired',
    'CommandExpired',
    said(signedRun, stop, { expires: '2026-11-22T12:28:00Z', issued: '2026-11-22T12:20:00Z' }),
    signedRun,
  ],
];

for (const [name, refusal, input, state] of aborts) {
  test(`an abort is refused as ${refusal} when ${name}`, () => {
    const judged = judgeAbort(input, state, now);
    assert.equal('refused' in judged && judged.refused, refusal);
    assert.ok('refused' in judged && judged.expected !== '');
  });
}

const acted = waitingRun();
acted.steps[0]!.startedAt = '2026-11-22T12:10:00.000Z';

const supersedes: [string, InterventionRefusal, unknown, RunState][] = [
  ['the run looks at the cluster', 'NothingToSupersede', abort, runState()],
  ['the run acts', 'NothingToSupersede', abort, running],
  ['the run has acted, and waits again', 'NothingToSupersede', abort, acted],
  [
    'the run was reset, and may have acted before',
    'NothingToSupersede',
    abort,
    waitingRun({ actedBefore: true }),
  ],
  ['it must be signed', 'NoSignature', abort, signed(waiting)],
  ['a signed abort is sent instead', 'WrongKind', said(signed(waiting), stop), signed(waiting)],
];

for (const [name, refusal, input, state] of supersedes) {
  test(`superseding is refused as ${refusal} when ${name}`, () => {
    const judged = judgeSupersede(input, state, now);
    assert.equal('refused' in judged && judged.refused, refusal);
  });
}

test('an abort before the restart counts', () => {
  assert.deepEqual(judgeAbort(abort, running, now), { counts: abort });
});

test('an abort after the restart is told what to do instead, ready to paste when a step is blocked', () => {
  const state = { ...restarted, node: 'master-1', blocked: forward };
  const judged = judgeAbort(abort, state, now);
  assert.ok('refused' in judged);
  assert.match(judged.sentence, /kubelet of master-1 has been restarted.*retry/s);
  assert.equal(judged.expected, resolvePayload(forward));
});

test('every refusal is reached by a case above', () => {
  const reached = new Set([...resolves, ...aborts, ...supersedes].map(([, refusal]) => refusal));
  assert.deepEqual(
    interventionRefusals.filter((refusal) => !reached.has(refusal)),
    [],
  );
});

test('what is expected counts once the blanks are filled', () => {
  const filled = { by: 'Anna', reason: 'seen it' };
  const parsed = (json: string) => ({ ...(JSON.parse(json) as object), ...filled });
  assert.ok('counts' in judgeResolve(parsed(resolvePayload(blocked)), stuck, now));
  assert.ok('counts' in judgeAbort(parsed(abortPayload), running, now));
  const times = { issued: now, expires: '2026-11-22T13:00:00Z', signature: 'to be checked' };
  assert.ok('counts' in judgeAbort({ ...parsed(payloadFor(signedRun, stop)), ...times }, signedRun, now));
});
