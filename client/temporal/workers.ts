import { failure } from '../failure.ts';
import { cancelled, pause } from '../patience.ts';
import { clusterQueue, runbookQueue } from '../../workflows/messages.ts';
import type { Session } from './connect.ts';
import { grpcCodes, isGrpcCode, translate } from './errors.ts';

type Question = Parameters<Session['client']['workflowService']['describeTaskQueue']>[0];
type QueueType = NonNullable<Question['taskQueueType']>;

/** Of `temporal.api.enums.v1.TaskQueueType`, whose package we do not depend on. */
// oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- there is no name to import
const queueTypes = { workflow: 1 as QueueType, activity: 2 as QueueType };
/** A worker asks anew at least once a minute; the server remembers askers for five. */
const STALE_MS = 75_000;

/** The server shows a worker that has just started only a moment after it began to ask for work. */
export interface WorkerPatience {
  forMs: number;
  everyMs: number;
}

export const workerPatience: WorkerPatience = { forMs: 5000, everyMs: 250 };

/**
 * Throws `NoWorker` when nobody takes work from the two queues that a cluster needs, nor begins to within `patience`: a run
 * would be accepted, and then nothing would ever happen.
 */
export async function requireWorkers(
  session: Session,
  cluster: string,
  { forMs, everyMs }: WorkerPatience = workerPatience,
  signal: AbortSignal = never,
): Promise<void> {
  const until = performance.now() + forMs;
  for (;;) {
    const missing = await unserved(session, cluster);
    if (missing.length === 0) return;
    if (performance.now() >= until) throw noWorker(session, cluster, missing);
    await pause(everyMs, signal);
    if (signal.aborted) throw cancelled();
  }
}

const { signal: never } = new AbortController();

async function unserved(session: Session, cluster: string): Promise<string[]> {
  const now = Date.now();
  const [stories, hands] = await Promise.all([
    isServed(session, runbookQueue, queueTypes.workflow, now),
    isServed(session, clusterQueue(cluster), queueTypes.activity, now),
  ]);
  return [...(stories ? [] : [runbookQueue]), ...(hands ? [] : [clusterQueue(cluster)])];
}

function noWorker({ place }: Session, cluster: string, missing: string[]): Error {
  return failure('NoWorker', {
    what: `No worker answers on queue ${missing.join(' and ')}.`,
    where: `namespace ${place.namespace} at ${place.address}`,
    next: missing.includes(runbookQueue)
      ? 'Start one with `cpr worker`; `cpr dev` starts one together with a server of its own.'
      : `A worker runs, but not for ${cluster}: start one with \`cpr worker\` whose clusters.yaml lists ${cluster}.`,
  });
}

async function isServed(
  { client, place }: Session,
  queue: string,
  taskQueueType: QueueType,
  now: number,
): Promise<boolean> {
  try {
    const request: Question = { namespace: place.namespace, taskQueue: { name: queue }, taskQueueType };
    const { pollers } = await client.workflowService.describeTaskQueue(request);
    return (pollers ?? []).some(
      ({ lastAccessTime }) => now - Number(lastAccessTime?.seconds ?? 0) * 1000 < STALE_MS,
    );
  } catch (error) {
    // Whoever may start runs need not be allowed to look at queues.
    if (isGrpcCode(error, grpcCodes.permissionDenied)) return true;
    throw translate(error, { place, cluster: queue, doing: `look at queue ${queue}` });
  }
}
