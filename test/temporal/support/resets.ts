import { randomUUID } from 'node:crypto';
import type { KubeletAuthRecovery } from '../../../workflows/kubelet-auth-recovery.ts';
import type { Recoveries, Recovery } from './recoveries.ts';

type HistoryEvent = NonNullable<Awaited<ReturnType<Recovery['fetchHistory']>>['events']>[number];
type EventId = NonNullable<HistoryEvent['eventId']>;
type Pick = (completedTasks: EventId[]) => EventId | undefined;

export const firstTask: Pick = (tasks) => tasks[0];
export const lastTask: Pick = (tasks) => tasks.at(-1);

/** As the command does it, signals and updates delivered again and all. */
export async function reset(
  { temporal: { client } }: Recoveries,
  recovery: Recovery,
  pick: Pick,
): Promise<Recovery> {
  const { workflowId, firstExecutionRunId } = recovery;
  const { events } = await recovery.fetchHistory();
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
