import { brakeFrom, hasCounted, type BrakeReading, type DescribedBrake } from './brake.ts';

/** The part of Temporal's client for workflows that reading a brake takes; errors are its own. */
export interface BrakeSource {
  getHandle(workflowId: string, runId?: string): { describe(): Promise<DescribedBrake> };
  list(options: { query: string; pageSize: number }): AsyncIterable<Listed>;
}

type Listed = Pick<DescribedBrake, 'runId' | 'status' | 'startTime'>;

const listedAtMost = 100;

/** Each costs a call. */
const describedAtMost = 10;

/**
 * Temporal's own description tells: it needs no worker of the brake's, and is never behind. What ended without having counted
 * takes nothing back either: without a look behind it anybody could release a brake that was terminated, by a pause that
 * is refused or ended at once. So behind it the newest run of the id that counted decides.
 */
export async function findBrake(source: BrakeSource, workflowId: string): Promise<BrakeReading> {
  const newest = await describeRun(source, workflowId);
  if (!newest || hasCounted(newest)) return brakeFrom(newest);
  return await behind(source, workflowId, newest.runId);
}

async function behind(source: BrakeSource, workflowId: string, newest: string): Promise<BrakeReading> {
  const listed: Listed[] = [];
  const query = `WorkflowId = '${workflowId.replaceAll("'", "''")}'`;
  for await (const run of source.list({ query, pageSize: listedAtMost })) {
    listed.push(run);
    if (listed.length === listedAtMost) break;
  }
  // The list may lag behind by a second; one that knows the newest run knows those before it.
  if (!listed.some(({ runId }) => runId === newest))
    return unknown('the newest pause did not count, and what was before it is not listed yet');
  const before = listed
    .filter(({ runId, status }) => runId !== newest && status.name !== 'FAILED')
    .sort((left, right) => right.startTime.getTime() - left.startTime.getTime());
  for (const { runId } of before.slice(0, describedAtMost)) {
    const described = await describeRun(source, workflowId, runId);
    if (described && hasCounted(described)) return brakeFrom(described);
  }
  if (listed.length < listedAtMost && before.length <= describedAtMost) return { state: 'off' };
  return unknown('too many pauses did not count; pause again, then resume');
}

function unknown(because: string): BrakeReading {
  return { state: 'unknown', because };
}

/** By the error's name, not by its class, for which an SDK would have to be imported. */
export async function describeRun(
  source: BrakeSource,
  workflowId: string,
  runId?: string,
): Promise<DescribedBrake | undefined> {
  try {
    return await source.getHandle(workflowId, runId).describe();
  } catch (error) {
    if (error instanceof Error && error.name === 'WorkflowNotFoundError') return undefined;
    throw error;
  }
}
