import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  abortPayload,
  interventionRefusals,
  judgeAbort,
  judgeResolve,
  resolvePayload,
  type InterventionRefusal,
} from '../../domain/intervention.ts';
import type { BlockedStep, RunState } from '../../domain/run.ts';
import { runState } from '../support/run-state.ts';

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
const restarted = runState({
  phase: 'acting',
  pastPointOfNoReturn: { stepId: 'restart', at: '2026-11-22T12:00:00.000Z' },
});
const ended = runState({ phase: 'closed' });

test('a retry and an abort of the blocked step count', () => {
  assert.deepEqual(judgeResolve(retry, blocked), { counts: retry });
  assert.deepEqual(judgeResolve({ ...retry, action: 'abort' }, blocked), {
    counts: { ...retry, action: 'abort' },
  });
});

const resolves: [string, InterventionRefusal, unknown, BlockedStep | undefined][] = [
  ['nothing is blocked', 'NothingBlocked', retry, undefined],
  ['nothing was sent', 'MalformedCommand', undefined, blocked],
  ['text was sent', 'MalformedCommand', 'retry', blocked],
  ['a field is misspelt', 'MalformedCommand', { ...retry, resaon: 'x' }, blocked],
  ['no step is named', 'MalformedCommand', { action: 'retry', by: 'Anna', reason: 'x' }, blocked],
  ['another step is named', 'WrongStep', { ...retry, stepId: 'backup' }, blocked],
  [
    'it was about an earlier block of the step',
    'WrongStep',
    { ...retry, since: '2026-11-22T11:00:00.000Z' },
    blocked,
  ],
  ['skip is asked for', 'UnknownAction', { ...retry, action: 'skip' }, blocked],
  [
    'abort is asked for when only forward is left',
    'PastPointOfNoReturn',
    { ...retry, stepId: 'approve-csr', action: 'abort' },
    forward,
  ],
  ['nobody is named', 'NoName', { ...retry, by: '<your name>' }, blocked],
  ['no reason is given', 'NoReason', { stepId: 'bootstrap', action: 'retry', by: 'Anna' }, blocked],
];

for (const [name, refusal, input, at] of resolves) {
  test(`a decision is refused as ${refusal} when ${name}`, () => {
    const judged = judgeResolve(input, at);
    assert.equal('refused' in judged && judged.refused, refusal);
    assert.ok('refused' in judged && judged.expected !== '');
  });
}

const aborts: [string, InterventionRefusal, unknown, RunState][] = [
  ['the run has ended', 'NothingToAbort', abort, ended],
  ['the kubelet has been restarted', 'PastPointOfNoReturn', abort, restarted],
  ['the kubelet has been restarted, and nonsense was sent', 'PastPointOfNoReturn', 7, restarted],
  ['nothing was sent', 'MalformedCommand', undefined, running],
  ['a field is unknown', 'MalformedCommand', { ...abort, force: 'yes' }, running],
  ['nobody is named', 'NoName', { reason: 'x' }, running],
  ['no reason is given', 'NoReason', { by: 'Anna' }, running],
];

for (const [name, refusal, input, at] of aborts) {
  test(`an abort is refused as ${refusal} when ${name}`, () => {
    const judged = judgeAbort(input, at);
    assert.equal('refused' in judged && judged.refused, refusal);
    assert.ok('refused' in judged && judged.expected !== '');
  });
}

test('an abort before the restart counts', () => {
  assert.deepEqual(judgeAbort(abort, running), { counts: abort });
});

test('an abort after the restart is told what to do instead, ready to paste when a step is blocked', () => {
  const state = { ...restarted, node: 'master-1', blocked: forward };
  const judged = judgeAbort(abort, state);
  assert.ok('refused' in judged);
  assert.match(judged.sentence, /kubelet of master-1 has been restarted.*retry/s);
  assert.equal(judged.expected, resolvePayload(forward));
});

test('every refusal is reached by a case above', () => {
  const reached = new Set([...resolves, ...aborts].map(([, refusal]) => refusal));
  assert.deepEqual(
    interventionRefusals.filter((refusal) => !reached.has(refusal)),
    [],
  );
});

test('what is expected counts once the blanks are filled', () => {
  const filled = { by: 'Anna', reason: 'seen it' };
  assert.ok(
    'counts' in judgeResolve({ ...(JSON.parse(resolvePayload(blocked)) as object), ...filled }, blocked),
  );
  assert.ok('counts' in judgeAbort({ ...(JSON.parse(abortPayload) as object), ...filled }, running));
});
