import { condition, uuid4 } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import type { Plan, PlanStep } from '../../domain/plan.ts';
import type { BlockedStep, StepState } from '../../domain/run.ts';
import { labelled } from './activities.ts';
import { aborted, abortedAndPutBack } from './endings.ts';
import { describeFailure, type Failure } from './failures.ts';
import { enter, now, publish, tell, type Ending, type Run } from './run.ts';

/** What a step found and did. */
export interface StepReport {
  changed: boolean;
  sentence: string;
}

/** The hands of one plan step. `label` carries the line that the Web UI shows for its activities. */
export interface StepCode {
  act: (label: ActivityOptions) => Promise<StepReport>;
  undo?: (label: ActivityOptions) => Promise<StepReport>;
  verifies?: true;
}

/** How a runbook carries out its plans: it must know every step of the plan. */
export interface Procedure {
  steps: Record<string, StepCode>;
  /** The step from which a retry goes on when this one failed so; undefined: the same. */
  retryFrom: (stepId: string, errorType: string) => string | undefined;
  /** What a person should know before deciding about this failure. */
  advice: (stepId: string, errorType: string) => string;
}

/**
 * Carries out an approved plan, step by step, in its order. A step that fails waits for a person; it never ends the run.
 * Returns an ending only when the run was aborted.
 */
export async function carryOut(run: Run, plan: Plan, procedure: Procedure): Promise<Ending | undefined> {
  let next = 0;
  while (next < plan.steps.length) {
    if (mayStillAbort(run)) return await putBack(run, plan, procedure);
    const step = plan.steps[next]!;
    const failure = await attempt(run, plan, step, procedure);
    if (!failure) {
      next += 1;
      continue;
    }
    await block(run, step.id, failure, procedure.advice(step.id, failure.type));
    if (mayStillAbort(run)) return await putBack(run, plan, procedure);
    const from = procedure.retryFrom(step.id, failure.type) ?? step.id;
    next = plan.steps.findIndex((each) => each.id === from);
  }
  return undefined;
}

/** Marks the last instant at which an abort was possible. Called directly before the act that cannot be taken back. */
export function passPointOfNoReturn(run: Run, stepId: string): void {
  if (run.state.pastPointOfNoReturn) return;
  run.state.pastPointOfNoReturn = { stepId, at: now() };
  publish(run);
}

function mayStillAbort(run: Run): boolean {
  return run.abort !== undefined && run.state.pastPointOfNoReturn === undefined;
}

async function attempt(
  run: Run,
  plan: Plan,
  step: PlanStep,
  procedure: Procedure,
): Promise<Failure | undefined> {
  const code = procedure.steps[step.id]!;
  const place = `${plan.steps.indexOf(step) + 1} of ${plan.steps.length}`;
  const state = begin(run, step.id);
  enter(run, code.verifies ? 'verifying' : 'acting', `Step ${place}: ${step.sentence}`);
  try {
    const report = await code.act(labelled(`${place}: ${step.sentence}`));
    end(state, report.changed || code.verifies ? 'done' : 'already-so', report.sentence);
    // The proofs are many and stand in the step's own note.
    tell(run, code.verifies ? `${step.sentence}: all of it is proved` : report.sentence);
    return undefined;
  } catch (error) {
    const failure = describeFailure(error);
    end(state, 'blocked', failure.message);
    return failure;
  }
}

/** The run waits here, for as long as it takes. */
async function block(run: Run, stepId: string, failure: Failure, advice: string): Promise<void> {
  const { state } = run;
  const choices: BlockedStep['choices'] = state.pastPointOfNoReturn ? ['retry'] : ['retry', 'abort'];
  state.blocked = {
    stepId,
    error: failure.message,
    errorType: failure.type,
    since: now(),
    nonce: uuid4(),
    choices,
    advice,
  };
  delete run.resolution;
  enter(
    run,
    'blocked',
    `Step ${stepId} failed and waits for a decision: ${failure.type}: ${failure.message}`,
  );
  await condition(() => run.resolution !== undefined || mayStillAbort(run));
  delete state.blocked;
  const decision = decisionOf(run);
  if (decision?.action === 'abort') run.abort = { by: decision.by, reason: decision.reason };
}

/** The compiler does not see that a handler has set it meanwhile. */
function decisionOf(run: Run): Run['resolution'] {
  return run.resolution;
}

/** Undoes what was begun, last first. A step that failed half-way is undone too: each undo looks before it acts. */
async function putBack(run: Run, plan: Plan, procedure: Procedure): Promise<Ending> {
  const request = run.abort!;
  const begun = plan.steps.filter((step) => stateOf(run, step.id)?.state !== 'pending');
  let undone = 0;
  for (const step of begun.toReversed()) {
    const undo = procedure.steps[step.id]?.undo;
    if (!undo) continue;
    await undoStep(run, step, undo);
    undone += 1;
  }
  return undone > 0 ? abortedAndPutBack(request) : aborted(request, 'Nothing had to be put back.');
}

/** An undo that fails is never swallowed: it blocks, and a person mends what is in its way. */
async function undoStep(run: Run, step: PlanStep, undo: NonNullable<StepCode['undo']>): Promise<void> {
  for (;;) {
    enter(run, 'acting', `Undoing: ${step.undo ?? step.sentence}`);
    const state = begin(run, step.id);
    try {
      const report = await undo(labelled(`Undo: ${step.sentence}`));
      end(state, 'undone', report.sentence);
      tell(run, report.sentence);
      return;
    } catch (error) {
      const failure = describeFailure(error);
      end(state, 'blocked', failure.message);
      await blockUndo(run, step, failure);
    }
  }
}

async function blockUndo(run: Run, step: PlanStep, failure: Failure): Promise<void> {
  const { type: errorType, message: error } = failure;
  const advice =
    'The abort is under way; what this step changed could not be put back yet. Mend what the error names, then retry.';
  run.state.blocked = {
    stepId: step.id,
    error,
    errorType,
    since: now(),
    nonce: uuid4(),
    choices: ['retry'],
    advice,
  };
  delete run.resolution;
  enter(run, 'blocked', `Undoing ${step.id} failed and waits for a decision: ${errorType}: ${error}`);
  await condition(() => run.resolution !== undefined);
  delete run.state.blocked;
}

function stateOf(run: Run, stepId: string): StepState | undefined {
  return run.state.steps.find((each) => each.id === stepId);
}

function begin(run: Run, stepId: string): StepState {
  const state = stateOf(run, stepId)!;
  state.state = 'running';
  state.startedAt = now();
  delete state.endedAt;
  delete state.note;
  return state;
}

function end(state: StepState, as: StepState['state'], note: string): void {
  state.state = as;
  state.endedAt = now();
  state.note = note;
}
