import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderDetails } from '../../domain/narrative.ts';
import { renderReport } from '../../domain/report.ts';
import { blockedRun, healedRun, runState } from '../support/run-state.ts';

function sectionsOf(report: string): string[] {
  return [...report.matchAll(/^## (.*)$/gm)].map((match) => match[1] ?? '');
}

test('the report of a healed run is a whole incident record', () => {
  const state = healedRun();
  const report = renderReport(state);
  assert.deepEqual(sectionsOf(report), [
    'What was found',
    'Plan',
    'Approvals',
    'What was done',
    'Proof',
    'What remains',
    'Timeline',
  ]);
  for (const wanted of [
    '# KubeletAuthRecovery: master-1 of lab',
    '**healed**',
    '(after 1 min 8 s)',
    'unproved names',
    '| `plan-1` | approve | Anna | unproved name | go |',
    'until the first step (looking, and waiting for approval) 1 min; in steps 6.4 s; in all 1 min 8 s',
    'stays valid for up to one hour',
    state.digest ?? '',
    'back-up-kubelet.sh',
    'GET nodes/master-1',
  ]) {
    assert.ok(report.includes(wanted), wanted);
  }
});

test('what holds until it is healed is told of a run that is not, and no more of one that is', () => {
  const risk = 'Until master-1 is a healthy voter again, one more failure is an outage.';
  for (const status of ['healed', 'aborted'] as const) {
    const state = healedRun();
    state.outcome = { ...state.outcome!, status };
    state.plan = { ...state.plan!, residualRisk: [...state.plan!.residualRisk, risk] };
    const told = renderReport(state).split('## What remains')[1] ?? '';
    assert.equal(told.includes('one more failure is an outage'), status === 'aborted');
    assert.match(told, /stays valid for up to one hour/);
  }
});

test('a run that leaves cluster-admin with a kubelet is not called healed, and says what is owed and who keeps it', () => {
  const state = healedRun();
  const keptBy = 'workflow follow-up/lab/master-1';
  const owed = { what: 'the graduation of master-1', keptBy };
  state.outcome = { ...state.outcome!, status: 'owed', owed };
  const report = renderReport(state);
  assert.ok(report.includes('**owed**'));
  assert.ok(report.includes(`**Owed:** the graduation of master-1. Kept by: ${keptBy}.`), report);
  assert.ok(sectionsOf(report).includes('Proof'));
  assert.doesNotMatch(report, /healed\*\*/);
  assert.match(renderDetails(state), /: owed\n[^]*\*\*Owed:\*\* the graduation of master-1/);
});

test('a run that is still open has a report too, which says so', () => {
  const report = renderReport(blockedRun());
  assert.ok(report.includes('still open: blocked'));
  assert.ok(!sectionsOf(report).includes('Proof'));
});

test('a run that only began to look has nothing but its summary and its timeline', () => {
  assert.deepEqual(sectionsOf(renderReport(runState())), ['Timeline']);
});

test('what did not count is told with its reason, and how many more there were', () => {
  const refused = [
    { at: '2026-11-22T12:00:01Z', what: 'vote', why: 'WrongNonce: not that of plan-1', by: 'Eve' },
  ];
  const report = renderReport({ ...healedRun(), refused, refusedCount: 51 });
  assert.ok(report.includes('| vote | Eve | WrongNonce: not that of plan-1 |'));
  assert.ok(report.includes('50 earlier ones are not kept.'));
});

test('where approvals are signed, each name stands with the key that proves it', () => {
  const state = healedRun();
  const [vote] = state.outcome!.votes;
  state.approvals = 'signed';
  Object.assign(state.gate!, { mode: 'signed' });
  Object.assign(vote!, { proof: { principal: 'Anna', key: 'SHA256:anna' } });
  const report = renderReport(state);
  assert.ok(report.includes('| `plan-1` | approve | Anna | key `SHA256:anna` | go |'), report);
  assert.ok(report.includes('Approvals of this cluster are signed') && !report.includes('unproved'));
});

test('plans that were overtaken are told line by line, and who pauses an open run stands at its beginning', () => {
  const state = blockedRun();
  state.paused = { by: 'olga', reason: 'the switch', since: state.startedAt };
  const plans = { before: 'a', after: 'b', lines: ['- old', '+ new'] };
  state.drifts = [{ gate: 'plan-1', at: state.startedAt, why: 'another file', ...plans }];
  const report = renderReport(state);
  assert.match(report, /## Plans that were overtaken[^]*another file[^]*```diff\n- old\n\+ new\n```/);
  assert.ok(report.indexOf('Paused by olga (unproved name)') < report.indexOf('## What was found'));
});
