import { getClient } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { Outcome, RunState } from '../../domain/run.ts';
import type { LastRecovery } from '../contract.ts';

/** Asks Temporal itself: the run that bears the id, open or closed, is the cluster's last recovery. */
export async function lastRecovery({ workflowId }: { workflowId: string }): Promise<LastRecovery> {
  const { workflow } = getClient();
  const newest = await workflow
    .getHandle(workflowId)
    .describe()
    .catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    });
  if (!newest) return { state: 'none' };
  const { status, runId, type, startTime, closeTime = startTime } = newest;
  // Paused, continued as new, or a state that this version does not know: only what is surely over may be followed by another.
  if (!over.includes(status.name)) {
    return { state: 'running', runbook: type, startedAt: startTime.toISOString() };
  }
  const closedAt = closeTime.toISOString();
  if (status.name !== 'COMPLETED') return { state: 'closed', status: 'failed', closedAt };
  const result = (await workflow.getHandle(workflowId, runId).result()) as Result;
  return closed(result, closedAt);
}

const over = ['COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT'];

/** The part of a recovery's result that counts here; an older version may have written less of it. */
interface Result {
  outcome?: Outcome;
  state?: RunState;
}

function closed({ outcome, state }: Result, closedAt: string): LastRecovery {
  return {
    state: 'closed',
    status: outcome?.status ?? 'failed',
    closedAt,
    ...(outcome?.reason === undefined ? {} : { reason: outcome.reason }),
    ...(outcome?.votes.some(({ decision }) => decision === 'approve') === true ? { approved: true } : {}),
    ...(state?.digest === undefined ? {} : { digest: state.digest }),
    ...(state?.plan === undefined ? {} : { runId: state.plan.pins.runId }),
  };
}
