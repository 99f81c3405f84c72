import { brakeFrom, type BrakeReading, type DescribedBrake } from './brake.ts';

/** The part of Temporal's client for workflows that reading a brake takes; errors are its own. */
export interface BrakeSource {
  getHandle(workflowId: string, runId?: string): { describe(): Promise<DescribedBrake> };
  list(options: { query: string; pageSize: number }): AsyncIterable<Listed>;
}

type Listed = Pick<DescribedBrake, 'runId' | 'status' | 'startTime'>;

const listedAtMost = 100;

/**
 * Temporal's own description tells: it needs no worker of the brake's, and is never behind. A pause that failed never counted,
 * and takes back nothing either: without a look behind it anybody could release a brake that was terminated by a pause
 * that is refused. So behind a failed one the newest run of the id that did not fail decides.
 */
export async function findBrake(source: BrakeSource, workflowId: string): Promise<BrakeReading> {
  const newest = await describeRun(source, workflowId);
  return newest?.status.name === 'FAILED' ? await behind(source, workflowId, newest) : brakeFrom(newest);
}

async function behind(
  source: BrakeSource,
  workflowId: string,
  { runId }: DescribedBrake,
): Promise<BrakeReading> {
  const listed: Listed[] = [];
  const query = `WorkflowId = '${workflowId.replaceAll("'", "''")}'`;
  for await (const run of source.list({ query, pageSize: listedAtMost })) {
    listed.push(run);
    if (listed.length === listedAtMost) break;
  }
  // The list may lag behind by a second; one that knows the newest run knows those before it.
  if (!listed.some((run) => run.runId === runId))
    return unknown('the newest pause failed, and what was before it is not listed yet');
  const [before] = listed
    .filter(({ status }) => status.name !== 'FAILED')
    .sort((left, right) => right.startTime.getTime() - left.startTime.getTime());
  if (before) return brakeFrom(await describeRun(source, workflowId, before.runId));
  if (listed.length < listedAtMost) return { state: 'off' };
  return unknown(`the newest ${listedAtMost} pauses failed; pause again, then resume`);
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
