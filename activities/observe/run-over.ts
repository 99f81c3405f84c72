import { getClient } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/common';
import { leaseEndingMemo, watchdogId, type Lease } from '../../domain/lease.ts';
import { nodeRunId, recoveryWorkflowId } from '../../domain/run.ts';
import { failure } from '../failure.ts';
import { heartbeating, pause } from '../heartbeat.ts';
import { endedStatuses } from './ended.ts';

const LOOK_EVERY_MS = 2000;

/**
 * Waits, heartbeating, until the run is over, or until `forMs` are. What Temporal does not answer is not an end: only a
 * run that is surely over may be tidied up after.
 */
export function awaitRunOver({
  workflow,
  run,
  forMs,
}: {
  workflow: string;
  run: string;
  forMs: number;
}): Promise<{ over: boolean }> {
  return heartbeating(async (signal) => {
    const until = Date.now() + forMs;
    for (;;) {
      if (await isOver(workflow, run)) return { over: true };
      if (Date.now() >= until) return { over: false };
      await pause(LOOK_EVERY_MS, signal);
    }
  });
}

/** One run that went on as another is over; the workflow is not. */
const over = [...endedStatuses, 'CONTINUED_AS_NEW'];

async function isOver(workflow: string, run: string): Promise<boolean> {
  const described = await describe(workflow, run);
  return described === undefined || over.includes(described.status.name);
}

/**
 * Whether the run of ours that bears this id on nodes and in objects is surely over: this Temporal knows it, and it is not the one
 * that is open now, for `recovery/<cluster>` is one at a time. One that is not known here may go on in another Temporal.
 */
export async function isRecoveryOver(cluster: string, runId: string): Promise<boolean> {
  const workflowId = recoveryWorkflowId(cluster);
  const newest = await describe(workflowId);
  if (newest === undefined) return false;
  if (nodeRunId(newest.raw.workflowExecutionInfo?.firstRunId || newest.runId) === runId)
    return endedStatuses.includes(newest.status.name);
  const query = `WorkflowId = '${workflowId.replaceAll("'", "''")}'`;
  for await (const known of getClient().workflow.list({ query })) {
    if (nodeRunId(known.runId) === runId) return true;
  }
  return false;
}

/**
 * Throws `LeaseOver` unless the lease has time left and its own watchdog is open. A worker that was frozen between asking and
 * setting may wake up when both are history, so this is asked directly before the write, in the activity that writes.
 */
export async function requireWatched(cluster: string, { id, deadline }: Lease): Promise<void> {
  if (!(Date.now() < Date.parse(deadline))) throw failure('LeaseOver', `the lease ended at ${deadline}`);
  const watchdog = watchdogId(cluster);
  const described = await describe(watchdog);
  const first = described?.raw.workflowExecutionInfo?.firstRunId;
  const isEnding = described?.memo?.[leaseEndingMemo] !== undefined;
  if (described?.status.name === 'RUNNING' && first === id && !isEnding) return;
  throw failure('LeaseOver', `${watchdog} does not watch this lease: nothing would put it back`);
}

async function describe(workflow: string, run?: string) {
  try {
    return await getClient().workflow.getHandle(workflow, run).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
