import { ApplicationFailure } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import type { Plan, PlanStep } from '../../domain/plan.ts';
import type { ResolveAction, StepState } from '../../domain/run.ts';
import { labelled } from './activities.ts';
import { awaitDecision, awaitWordOnUndo, mayStillAbort, type Decision } from './blocked.ts';
import { aborted, withdrew } from './endings.ts';
import { describeFailure, type Failure } from './failures.ts';
import { mayAct, reopenGate } from './gate.ts';
import { holdUndoWhilePaused, holdWhilePaused } from './hold.ts';
import { enter, now, publish, tell, type Ending, type Run } from './run.ts';

/** What a step found and did. */
export interface StepReport {
  changed: boolean;
  sentence: string;
}

/** `kept`: what the step did has to stay, and the sentence says why. */
export interface UndoReport extends StepReport {
  kept?: true;
}

/** The hands of one plan step. `label` carries the line that the Web UI shows for its activities. */
export interface StepCode {
  act: (label: ActivityOptions) => Promise<StepReport>;
  undo?: (label: ActivityOptions) => Promise<UndoReport>;
  /** Its undo is right also beyond the point of no return. */
  undoAfterReturn?: true;
  verifies?: true;
}

/** How a runbook carries out its plans: it must know every step of the plan. */
export interface Procedure {
  steps: Record<string, StepCode>;
  /** The step from which a retry goes on when this one failed so; undefined: the same. */
  retryFrom: (stepId: string, errorType: string) => string | undefined;
  /** What a person should know before deciding about this failure. */
  advice: (stepId: string, errorType: string) => string;
  /** What the steps so far have made and leave on purpose, with how to remove it. */
  kept?: () => string[];
}

/**
 * Carries out an approved plan, step by step, in its order. A step that fails waits for a person; it never ends the run.
 * Returns an ending only when the run was stopped, by a person or by what a step saw directly before an act; and
 * `unapproved` when its votes do not carry the next act.
 */
export async function carryOut(
  run: Run,
  plan: Plan,
  procedure: Procedure,
): Promise<Ending | 'unapproved' | undefined> {
  let next = 0;
  let barred = 0;
  while (next < plan.steps.length) {
    const isClear = await holdAndAsk(run);
    if (isStopped(run)) return await putBack(run, plan, procedure);
    if (!isClear) return 'unapproved';
    const step = plan.steps[next]!;
    const failure = await attempt(run, plan, step, procedure);
    if (!failure) {
      barred = 0;
      next += 1;
      continue;
    }
    barred += 1;
    if (needsNobody(run, failure, barred)) continue;
    barred = 0;
    const decision = await decide(run, step, failure, procedure.advice(step.id, failure.type));
    if (mayStillAbort(run)) return await putBack(run, plan, procedure);
    if (decision === 'skip') next += 1;
    else next = indexOf(plan, procedure.retryFrom(step.id, failure.type) ?? step.id);
  }
  return undefined;
}

/** Whether the run asks anew what may be done, instead of asking a person about the step. `barred`: how often in turn. */
function needsNobody(run: Run, failure: Failure, barred: number): boolean {
  // The step itself has found that the plan must not go on: however often it was barred before, there is nothing to retry.
  if (run.withdrawn) return true;
  if (!isBarred(failure) || barred > barredAtMost) return false;
  // Until the first act begins a vote can be taken back, also for as long as the brake holds.
  if (!hasBegun(run)) reopenGate(run);
  return true;
}

/** Until the first act a look costs nothing, and what was seen before a pause is no ground for it: the gate looks once more. */
async function holdAndAsk(run: Run): Promise<boolean> {
  const held = await holdWhilePaused(run);
  if (mayStillAbort(run)) return false;
  if (held !== 'released' || hasBegun(run)) return mayAct(run);
  reopenGate(run);
  return false;
}

/**
 * The only way to an act that cannot be taken back: marks the last instant at which an abort was possible. A step may look
 * around and be held for hours before such an act, so that what was true when it began is asked once more: an abort that was
 * accepted is obeyed, and after a Reset nothing is restarted that nobody has voted for. The step is then pending again.
 * `abortMeans`: what an abort does from here on; absent: none is possible any more.
 */
export async function beyondReturn<T>(
  run: Run,
  stepId: string,
  act: () => Promise<T>,
  abortMeans?: string,
): Promise<T> {
  if (mayStillAbort(run) || !mayAct(run))
    throw withheldAct('stopped directly before the act', { unbegun: true });
  const isFirst = run.state.pastPointOfNoReturn === undefined;
  const means = abortMeans === undefined ? {} : { abortMeans };
  run.state.pastPointOfNoReturn ??= { stepId, at: now(), ...means };
  publish(run);
  try {
    return await act();
  } catch (error) {
    // Only where no attempt got through: a first one may have done its work and lost its answer.
    if (isFirst && describeFailure(error).unbegun) delete run.state.pastPointOfNoReturn;
    throw error;
  }
}

const withheld = 'ActWithheld';

/** Thrown by a step that goes no further, through nobody's fault: it is pending again, and the run asks what may be done. */
export function withheldAct(message: string, detail?: { unbegun: true }): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, withheld, detail);
}

/** By a person, or because the cluster is no longer one on which this plan may be carried out. */
function isStopped(run: Run): boolean {
  return mayStillAbort(run) || run.withdrawn !== undefined;
}

/** Whether anything of the plan may have been done: a step that was barred or withheld in time has not begun. */
function hasBegun({ state }: Run): boolean {
  return state.steps.some(({ startedAt }) => startedAt !== undefined);
}

/**
 * The brake went on between the run's own look at it and the act, or its next attempt; or the run itself withheld the act.
 * Either way the step is not to blame, and the run asks again what may be done.
 */
function isBarred({ type }: Failure): boolean {
  return type === 'BrakeOn' || type === withheld;
}

/** The run reads the brake as released and the worker as on, again and again: then a person must see why. */
const barredAtMost = 3;

async function attempt(
  run: Run,
  plan: Plan,
  step: PlanStep,
  procedure: Procedure,
): Promise<Failure | undefined> {
  const code = procedure.steps[step.id]!;
  const place = `${indexOf(plan, step.id) + 1} of ${plan.steps.length}`;
  const before = stateOf(run, step.id)?.startedAt;
  const state = begin(run, step.id);
  enter(run, code.verifies ? 'verifying' : 'acting', `Step ${place}: ${step.sentence}`);
  try {
    const report = await code.act(labelled(`${place}: ${step.sentence}`));
    // Found so by a second attempt, it may have been done by the first, whose answer was lost.
    const isDone = report.changed || code.verifies || before !== undefined;
    end(state, isDone ? 'done' : 'already-so', report.sentence);
    showKept(run, procedure);
    tell(run, code.verifies ? provedLine(step, report) : report.sentence);
    return undefined;
  } catch (error) {
    const failure = describeFailure(error);
    showKept(run, procedure);
    if (failure.unbegun && isBarred(failure)) takeBack(state, before, failure.message);
    else end(state, isBarred(failure) ? 'pending' : 'blocked', failure.message);
    return failure;
  }
}

/** Many proofs stand in the step's own note alone. */
function provedLine({ sentence }: PlanStep, report: StepReport): string {
  return report.sentence.length <= 160 ? report.sentence : `${sentence}: all of it is proved`;
}

/** For whoever reads the page or the report while the run goes on, or after it was cut off. */
function showKept({ state }: Run, { kept }: Procedure): void {
  if (kept) state.kept = kept();
}

/** Asks a person about a step that failed, and takes in what they say. */
async function decide(run: Run, step: PlanStep, failure: Failure, advice: string): Promise<ResolveAction> {
  const decision = await awaitDecision(run, step, failure, advice);
  if (!decision) return 'abort';
  const { action, by, reason } = decision;
  if (action === 'abort') run.abort = { by, reason };
  if (action === 'skip') skip(run, step, decision);
  return action;
}

function skip(run: Run, step: PlanStep, { by, reason }: Decision): void {
  const means = step.skipMeans === undefined ? '' : ` It means: ${step.skipMeans}`;
  end(stateOf(run, step.id)!, 'skipped', `Skipped by ${by}: ${reason}.${means}`);
  tell(run, `Step ${step.id} is skipped, as ${by} decided (${reason}).${means}`);
}

/**
 * Undoes what was begun, last first; beyond the point of no return only what is right there too. A step that failed half-way
 * is undone as well: each undo looks before it acts.
 */
async function putBack(run: Run, plan: Plan, procedure: Procedure): Promise<Ending> {
  const { abort, withdrawn, state } = run;
  const begun = plan.steps.filter((step) => stateOf(run, step.id)?.startedAt !== undefined);
  for (const step of begun.toReversed()) {
    const { undo, undoAfterReturn } = procedure.steps[step.id] ?? {};
    if (undo && (undoAfterReturn || !state.pastPointOfNoReturn)) await undoStep(run, step, undo);
  }
  showKept(run, procedure);
  return withdrawn ? withdrew(state, withdrawn) : aborted(state, abort!);
}

async function undoStep(run: Run, step: PlanStep, undo: NonNullable<StepCode['undo']>): Promise<void> {
  for (let barred = 0; ;) {
    await holdUndoWhilePaused(run);
    enter(run, 'acting', `Undoing: ${step.undo ?? step.sentence}`);
    const state = begin(run, step.id);
    try {
      const report = await undo(labelled(`Undo: ${step.sentence}`));
      end(state, report.kept ? 'done' : 'undone', report.sentence);
      tell(run, report.sentence);
      return;
    } catch (error) {
      const failure = describeFailure(error);
      end(state, 'blocked', failure.message);
      if (isBarred(failure) && ++barred <= barredAtMost) continue;
      barred = 0;
      const decision = await awaitWordOnUndo(run, step, failure);
      if (decision?.action === 'skip') return leave(run, step, state, decision);
    }
  }
}

/** What is not put back is told, with who decided it: whoever reads the report must know what is still there. */
function leave(run: Run, step: PlanStep, state: StepState, { by, reason }: Decision): void {
  const note = `Not put back, as ${by} decided (${reason}); putting back failed with: ${state.note ?? 'no reason given'}`;
  end(state, 'skipped', note);
  tell(run, `${step.id}: ${note}`);
}

function indexOf(plan: Plan, stepId: string): number {
  return plan.steps.findIndex((each) => each.id === stepId);
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

/** This time it has not begun. An earlier time it may have, and what that did must still be found by an abort. */
function takeBack(state: StepState, before: string | undefined, note: string): void {
  state.state = 'pending';
  state.note = note;
  if (before === undefined) delete state.startedAt;
  else state.startedAt = before;
}

function end(state: StepState, as: StepState['state'], note: string): void {
  state.state = as;
  state.endedAt = now();
  state.note = note;
}
