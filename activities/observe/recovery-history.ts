import { getClient } from '@temporalio/activity';
import type { WorkflowClient, WorkflowExecutionDescription, WorkflowExecutionInfo } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { asProposal, type ClosedRecovery } from '../../domain/damping.ts';
import { nodeRunId, type Outcome, type RunState } from '../../domain/run.ts';
import type { RecoveryHistory, RunHistoryActivities } from '../contract.ts';
import { digestOf } from '../decide/index.ts';
import { endedStatuses } from './ended.ts';

/** More than a night of turning down and dry runs brings; each costs a call. */
const closedAtMost = 10;
const STATE_MS = 3_000;

/**
 * Asks Temporal itself. The newest run of the id comes from its own record, which is never behind; those before it come from
 * the list of workflows, which may lag by a second.
 */
export async function recoveryHistory({
  workflowId,
  watchdog,
}: Parameters<RunHistoryActivities['recoveryHistory']>[0]): Promise<RecoveryHistory> {
  const { workflow } = getClient();
  const [newest, watching] = await Promise.all([
    newestOf(workflow, workflowId),
    newestOf(workflow, watchdog),
  ]);
  const leaseWatched = watching !== undefined && !isOver(watching);
  if (!newest) return { closed: [], leaseWatched };
  const closed = await closedRuns(workflow, newest);
  if (isOver(newest)) return { closed, leaseWatched };
  const firstRun = newest.raw.workflowExecutionInfo?.firstRunId;
  const open = {
    runbook: newest.type,
    runId: nodeRunId(
      firstRun === undefined || firstRun === null || firstRun === '' ? newest.runId : firstRun,
    ),
    startedAt: newest.startTime.toISOString(),
  };
  return { open, closed, leaseWatched };
}

async function newestOf(
  workflow: WorkflowClient,
  workflowId: string,
): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await workflow.getHandle(workflowId).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

type Listed = Pick<WorkflowExecutionInfo, 'workflowId' | 'runId' | 'type' | 'status' | 'startTime'> & {
  closeTime?: Date | undefined;
};

function isOver({ status }: Listed): boolean {
  return endedStatuses.includes(status.name);
}

async function closedRuns(workflow: WorkflowClient, newest: Listed): Promise<ClosedRecovery[]> {
  const runs = new Map<string, Listed>([[newest.runId, newest]]);
  const query = `WorkflowId = '${newest.workflowId.replaceAll("'", "''")}'`;
  for await (const run of workflow.list({ query, pageSize: closedAtMost * 2 })) {
    if (runs.size > closedAtMost) break;
    if (!runs.has(run.runId)) runs.set(run.runId, run);
  }
  const closed = [...runs.values()]
    // One that failed was started with what it did not understand: nobody was asked anything.
    .filter((run) => isOver(run) && run.status.name !== 'FAILED')
    .sort((left, right) => right.startTime.getTime() - left.startTime.getTime())
    .slice(0, closedAtMost);
  return await Promise.all(closed.map((run) => readClosed(workflow, run)));
}

/** The part of a recovery's result that counts here; an older version may have written less of it. */
interface Result {
  outcome?: Outcome;
  state?: RunState;
}

async function readClosed(workflow: WorkflowClient, run: Listed): Promise<ClosedRecovery> {
  const { status, workflowId, runId, type, startTime, closeTime = startTime } = run;
  const known = { runbook: type, closedAt: closeTime.toISOString() };
  if (status.name !== 'COMPLETED')
    return { ...known, status: 'failed', ...digestIn(await stateAtItsEnd(workflow, run)) };
  const { outcome, state } = (await workflow.getHandle(workflowId, runId).result()) as Result;
  return {
    ...known,
    status: outcome?.status ?? 'failed',
    ...(outcome?.reason === undefined ? {} : { reason: outcome.reason }),
    ...(outcome?.votes.some(({ decision }) => decision === 'approve') === true ? { approved: true } : {}),
    ...digestIn(state),
  };
}

/** A run that was terminated has no result, but a worker can still tell its state; undefined where none does. */
async function stateAtItsEnd(
  workflow: WorkflowClient,
  { workflowId, runId }: Listed,
): Promise<RunState | undefined> {
  const asking = () => workflow.getHandle(workflowId, runId).query<RunState>('state');
  return await workflow.withDeadline(Date.now() + STATE_MS, asking).catch(() => undefined);
}

function digestIn(state: RunState | undefined): { digest?: string } {
  return state?.plan === undefined ? {} : { digest: digestOf(asProposal(state.plan)) };
}
