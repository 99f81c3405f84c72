import { condition, uuid4 } from '@temporalio/workflow';
import type { PlanStep } from '../../domain/plan.ts';
import { isAbortable, type BlockedStep, type ResolveAction } from '../../domain/run.ts';
import type { Failure } from './failures.ts';
import { enter, now, tell, type Run } from './run.ts';

/** What a person decided about a step that failed. */
export type Decision = NonNullable<Run['resolution']>;

/**
 * A failed step waits here, for as long as it takes, and says so again now and then: people who went to bed do not watch.
 * Undefined when the run was aborted meanwhile.
 */
export async function awaitDecision(
  run: Run,
  step: PlanStep,
  failure: Failure,
  advice: string,
): Promise<Decision | undefined> {
  const choices: ResolveAction[] = ['retry'];
  if (step.skipMeans !== undefined) choices.push('skip');
  if (isAbortable(run.state)) choices.push('abort');
  const said = `Step ${step.id} failed and waits for a decision`;
  return await wait(run, { step, failure, choices, advice, said, untilAborted: true });
}

/**
 * An undo that fails is never swallowed: a person mends what is in its way, or decides that it stays. Without the latter a
 * node that is gone for good would keep the run, and with it the cluster's lock, for ever.
 */
export async function awaitWordOnUndo(
  run: Run,
  step: PlanStep,
  failure: Failure,
): Promise<Decision | undefined> {
  const advice =
    'The abort is under way; what this step changed could not be put back yet. Mend what the error names, then retry.';
  const said = `Undoing ${step.id} failed and waits for a decision`;
  const skipMeans = 'what this step changed stays as it is now, and the report names it.';
  const undoing = { id: step.id, skipMeans };
  const choices: ResolveAction[] = ['retry', 'skip'];
  return await wait(run, { step: undoing, failure, choices, advice, said, untilAborted: false });
}

interface Block {
  step: Pick<PlanStep, 'id' | 'skipMeans'>;
  failure: Failure;
  choices: ResolveAction[];
  advice: string;
  said: string;
  untilAborted: boolean;
}

async function wait(run: Run, block: Block): Promise<Decision | undefined> {
  const { step, failure, choices, advice, said } = block;
  const blocked: BlockedStep = {
    stepId: step.id,
    error: failure.message,
    errorType: failure.type,
    since: now(),
    nonce: uuid4(),
    choices,
    advice,
  };
  if (choices.includes('skip') && step.skipMeans !== undefined) blocked.skipMeans = step.skipMeans;
  run.state.blocked = blocked;
  delete run.resolution;
  enter(run, 'blocked', `${said}: ${failure.type}: ${failure.message}`);
  const isDecided = () => run.resolution !== undefined || (block.untilAborted && mayStillAbort(run));
  const summary = `Waiting for a decision about ${step.id}`;
  while (!(await condition(isDecided, run.policy.remindEveryMs, { summary })))
    tell(run, `${said} since ${blocked.since}; nothing is done until then`);
  delete run.state.blocked;
  return decisionOf(run);
}

/** An abort is obeyed until the act that cannot be taken back; after it where the runbook says what one still means. */
export function mayStillAbort(run: Run): boolean {
  return run.abort !== undefined && isAbortable(run.state);
}

/** The compiler does not see that a handler has set it meanwhile. */
function decisionOf(run: Run): Decision | undefined {
  return run.resolution;
}
