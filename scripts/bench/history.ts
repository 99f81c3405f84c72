import type { WorkflowHandle } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time.js';

/** What a run's history says about one activity, times in milliseconds since 1970. */
export interface ActivityTimes {
  name: string;
  scheduledAt: number;
  /** Of the attempt that ended it; the history does not hold the others. */
  startedAt: number;
  attempt: number;
  endedAt: number;
}

/** When each activity of a run was scheduled, begun and done, in the order of the history. */
export async function activityTimes(handle: WorkflowHandle): Promise<ActivityTimes[]> {
  const { events } = await handle.fetchHistory();
  const times = new Map<string, ActivityTimes>();
  for (const event of events ?? []) note(times, event);
  return [...times.values()];
}

type HistoryEvent = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];

function note(times: Map<string, ActivityTimes>, event: HistoryEvent): void {
  const at = optionalTsToMs(event.eventTime) ?? 0;
  const scheduled = event.activityTaskScheduledEventAttributes;
  if (scheduled) {
    const name = scheduled.activityType?.name ?? '';
    times.set(String(event.eventId), { name, scheduledAt: at, startedAt: 0, attempt: 0, endedAt: 0 });
  }
  const started = event.activityTaskStartedEventAttributes;
  const begun = started && times.get(String(started.scheduledEventId));
  if (begun) Object.assign(begun, { startedAt: at, attempt: started.attempt ?? 1 });
  const ended = event.activityTaskCompletedEventAttributes;
  const done = ended && times.get(String(ended.scheduledEventId));
  if (done) done.endedAt = at;
}

/** When the run took the vote that opened its gate: the newest accepted update before the first act. */
export async function votedAt(handle: WorkflowHandle): Promise<number> {
  const { events } = await handle.fetchHistory();
  const accepted = (events ?? []).findLast((event) => event.workflowExecutionUpdateAcceptedEventAttributes);
  return optionalTsToMs(accepted?.eventTime) ?? 0;
}
