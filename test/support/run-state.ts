import type { Gate } from '../../domain/approval.ts';
import type { BlockedStep, RunState, StepState } from '../../domain/run.ts';
import { decide } from './decisions.ts';
import { incidentOn, observedAt, secondsAfter } from './observations.ts';

/** A run that has just begun, on the lab's incident. */
export function runState(change: Partial<RunState> = {}): RunState {
  return {
    runbook: 'KubeletAuthRecovery',
    cluster: 'lab',
    requester: 'anna',
    startedAt: observedAt,
    workflow: 'recovery/lab',
    firstRun: '5b3f3a46-9c1e-4f55-8a57-0d7f5b9f5c11',
    nonce: '6f0c2b8e-02d7-4c0e-9d0f-2f6f7d1c9a10',
    phase: 'observing',
    approvals: 'open',
    steps: [],
    refused: [],
    refusedCount: 0,
    timeline: [{ at: observedAt, text: 'anna asked to recover the affected master' }],
    ...change,
  };
}

/** It has decided and waits at its gate. */
export function waitingRun(change: Partial<RunState> = {}): RunState {
  const verdict = decide(incidentOn('master-1'));
  if (verdict.kind !== 'proceed') throw new Error(verdict.because);
  const { plan, digest } = verdict;
  const gate: Gate = {
    id: 'plan-1',
    nonce: '0f9a5c0e-8f1b-4a51-9a55-6a8d1d5f8e11',
    digest,
    mode: 'open',
    subject: {
      kind: 'vote',
      cluster: 'lab',
      workflow: 'recovery/lab',
      firstRun: '5b3f3a46-9c1e-4f55-8a57-0d7f5b9f5c11',
      plan: digest,
      nonce: '0f9a5c0e-8f1b-4a51-9a55-6a8d1d5f8e11',
    },
    risk: 'reversible',
    votesNeeded: 1,
    requester: 'anna',
    opened: secondsAfter(observedAt, 2),
    deadline: secondsAfter(observedAt, 4 * 3_600),
    votes: [],
  };
  const steps = plan.steps.map(({ id, sentence }): StepState => ({ id, sentence, state: 'pending' }));
  return runState({
    phase: 'waiting-for-approval',
    node: 'master-1',
    verdict,
    plan,
    digest,
    gate,
    steps,
    ...change,
  });
}

/** A step failed, `bootstrap` unless another is named; those before it are done. */
export function blockedRun(change: Partial<BlockedStep> = {}): RunState {
  const state = waitingRun({ phase: 'blocked' });
  state.blocked = {
    stepId: 'bootstrap',
    error: 'master-1: no space left on device',
    errorType: 'NodeScriptFailed',
    since: secondsAfter(observedAt, 90),
    nonce: '9b1f2c3d-7a55-4e0e-b0a4-3a1c5d7e9f02',
    choices: ['retry', 'abort'],
    advice: 'Mend what the error names, then `retry`.',
    ...change,
  };
  const failed = state.steps.findIndex(({ id }) => id === state.blocked?.stepId);
  state.steps.forEach((step, index) => {
    if (index <= failed) step.state = index < failed ? 'done' : 'blocked';
  });
  return state;
}

/** It has healed the node. */
export function healedRun(): RunState {
  const state = waitingRun({
    phase: 'closed',
    pastPointOfNoReturn: { stepId: 'restart', at: secondsAfter(observedAt, 62) },
  });
  const vote = {
    gate: 'plan-1',
    nonce: state.gate?.nonce ?? '',
    decision: 'approve' as const,
    by: 'Anna',
    reason: 'go',
    at: secondsAfter(observedAt, 60),
  };
  state.gate?.votes.push(vote);
  state.steps.forEach((step, index) => {
    const startedAt = secondsAfter(observedAt, 60 + index);
    Object.assign(step, {
      state: 'done',
      startedAt,
      endedAt: secondsAfter(startedAt, 0.8),
      note: `${step.sentence}: done`,
    });
  });
  state.outcome = {
    status: 'healed',
    sentence: 'The kubelet on master-1 speaks for its node again and can renew itself.',
    evidence: [{ fact: 'its Node is Ready', source: 'observed on master-1 after the last step' }],
    votes: [vote],
    endedAt: secondsAfter(observedAt, 68),
  };
  return state;
}
