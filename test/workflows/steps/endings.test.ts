import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunState, StepState } from '../../../domain/run.ts';
import {
  aborted,
  approvalsNotConfigured,
  expired,
  healed,
  rejected,
  superseded,
} from '../../../workflows/steps/endings.ts';
import { cast } from '../../support/gates.ts';
import { observedAt } from '../../support/observations.ts';
import { healedRun, waitingRun } from '../../support/run-state.ts';

const request = { by: 'grace', reason: 'wrong night' };

/** Steps by their order, as a run leaves them; those that are not named were not begun. */
function after(state: RunState, ...became: StepState['state'][]): RunState {
  became.forEach((each, index) => Object.assign(state.steps[index]!, { state: each, startedAt: observedAt }));
  return state;
}

/** A run of Cleanup: two steps that change something and have no undo, then the proof. */
function cleanup(): RunState {
  const state = waitingRun({ runbook: 'Cleanup' });
  const [first, second, third] = state.plan!.steps;
  const steps = [
    { ...first!, id: 'bootstrap' },
    { ...second!, id: 'conclude-0b1c2d3e4f50' },
    { ...third!, id: 'verify', changes: [] },
  ];
  state.steps = steps.map(({ id, sentence }) => ({ id, sentence, state: 'pending' }));
  state.plan = { ...state.plan!, steps };
  return state;
}

test('a run that ends at its first gate says that nothing was done, and by which command of its runbook it comes again', () => {
  const endings = [
    (state: RunState) => rejected(state, { ...cast, decision: 'reject' }),
    (state: RunState) => expired(state, state.gate!),
    (state: RunState) => superseded(state, request),
    (state: RunState) => aborted(state, request),
  ];
  for (const end of endings) {
    const { sentence, handOver } = end(waitingRun());
    assert.match(sentence, /Nothing was done\.$/);
    assert.match(handOver ?? '', /"cpr recover lab" proposes the plan again/);
    assert.match(end(cleanup()).handOver ?? '', /"cpr clean lab" proposes the plan again/);
  }
});

test('no end after a Reset says that nothing was done', () => {
  const state = waitingRun({ actedBefore: true });
  for (const end of [rejected(state, cast), expired(state, state.gate!), aborted(state, request)]) {
    assert.doesNotMatch(`${end.sentence} ${end.handOver}`, /Nothing was done\.|changed nothing/);
    assert.match(end.sentence, /What it may have done before that stands/);
    assert.match(end.handOver ?? '', /cpr diagnose lab/);
  }
});

test('an abort of KubeletAuthRecovery that put all back says so', () => {
  const { sentence, handOver } = aborted(after(waitingRun(), 'undone', 'undone'), request);
  assert.match(sentence, /What the run had changed was put back\.$/);
  assert.match(handOver ?? '', /bootstrap file is again the one that was found/);
});

test('an abort of Cleanup names what was done and stays, and what may be half done', () => {
  const { sentence, handOver } = aborted(after(cleanup(), 'done', 'blocked'), request);
  assert.match(sentence, /Done, and not put back: bootstrap\./);
  assert.match(sentence, /perhaps half done: conclude-0b1c2d3e4f50\./);
  assert.doesNotMatch(sentence, /Nothing was done/);
  assert.match(handOver ?? '', /cpr clean lab/);
  assert.doesNotMatch(handOver ?? '', /bootstrap file|cpr recover/);
});

test('a step that was barred before it began, or found all as it should be, has done nothing', () => {
  const state = after(waitingRun(), 'already-so');
  state.steps[1]!.note = 'the brake is on';
  assert.match(aborted(state, request).sentence, /Nothing was done\.$/);
});

test('an abort during the last step came too late, and the end says so', () => {
  const proved = [{ fact: 'its Node is Ready', source: 'observed' }];
  const state = healedRun();
  const plan = state.plan!;
  assert.match(
    healed({ abort: request, state }, plan, { sentence: 'It is well.' }, proved).sentence,
    /^It is well\. The abort by grace .*too late/,
  );
  assert.equal(healed({ state }, plan, { sentence: 'It is well.' }, proved).sentence, 'It is well.');
});

test('a step that was skipped is named in place of what the runbook achieves', () => {
  const state = cleanup();
  const plan = state.plan!;
  state.steps[0]!.state = 'skipped';
  const { sentence } = healed({ state }, plan, { sentence: 'Nothing is left.' }, []);
  assert.doesNotMatch(sentence, /Nothing is left/);
  assert.ok(sentence.includes(plan.steps[0]!.id), sentence);
});

test('a cluster without approvals is told of both modes, and of the command of its runbook', () => {
  for (const [state, command] of [
    [waitingRun(), 'cpr recover lab'],
    [cleanup(), 'cpr clean lab'],
  ] as const) {
    const { verdict } = state;
    assert.ok(verdict?.kind === 'proceed');
    const { handOver = '' } = approvalsNotConfigured(state, verdict);
    for (const wanted of ['approvals: signed', 'approvals: open', 'docs/security.md', command])
      assert.ok(handOver.includes(wanted), wanted);
  }
});
