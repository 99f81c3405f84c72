import { randomUUID } from 'node:crypto';
import type { KubeletAuthRecovery } from '../../../workflows/kubelet-auth-recovery.ts';
import type { Recoveries, Recovery } from './recoveries.ts';

type HistoryEvent = NonNullable<Awaited<ReturnType<Recovery['fetchHistory']>>['events']>[number];
type EventId = NonNullable<HistoryEvent['eventId']>;
type Point = (completedTasks: EventId[]) => EventId | undefined;

export const firstTask: Point = (tasks) => tasks[0];
export const lastTask: Point = (tasks) => tasks.at(-1);

/** As the command does it, signals and updates delivered again and all. */
export async function reset(
  { temporal: { client } }: Recoveries,
  run: Pick<Recovery, 'workflowId' | 'firstExecutionRunId' | 'fetchHistory'>,
  pick: Point,
): Promise<Recovery> {
  const { workflowId, firstExecutionRunId } = run;
  const { events } = await run.fetchHistory();
  const tasks = (events ?? []).flatMap(({ eventId, workflowTaskCompletedEventAttributes }) =>
    workflowTaskCompletedEventAttributes && eventId ? [eventId] : [],
  );
  const resetting: Promise<{ runId?: string | null }> = client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId, runId: firstExecutionRunId },
    reason: 'a test',
    requestId: randomUUID(),
    workflowTaskFinishEventId: pick(tasks)!,
  });
  const { runId } = await resetting;
  const handle = client.workflow.getHandle<typeof KubeletAuthRecovery>(workflowId, runId ?? undefined);
  return Object.assign(handle, { firstExecutionRunId });
}
