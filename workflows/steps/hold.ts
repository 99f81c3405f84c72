import type { BrakeReading } from '../../domain/brake.ts';
import { pausedBy } from '../../domain/brake.ts';
import { brakeWorkflowId } from '../messages.ts';
import { brakeWatch, labelled, runHistory } from './activities.ts';
import { describeFailure } from './failures.ts';
import { unlessAborted } from './looking.ts';
import { now, tell, type Run } from './run.ts';

/** Whether an abort ends the wait. Putting back after an abort is an act too, and waits for the release. */
export interface HoldOptions {
  untilAborted: boolean;
}

/**
 * Holds while the cluster's brake is on. Called before each act, each undo, and directly before a point of no return. True
 * when it had to hold: hours may have passed, and what was looked at before is old.
 */
export async function holdWhilePaused(run: Run, { untilAborted }: HoldOptions): Promise<boolean> {
  let reading = await readBrake(run.state.cluster);
  if (reading.state === 'off') return false;
  let told = '';
  while (reading.state !== 'off') {
    told = show(run, reading, told);
    const next = await nextReading(run, reading, untilAborted);
    if (!next) break;
    reading = next;
  }
  delete run.state.paused;
  tell(run, reading.state === 'off' ? 'The brake was released: going on' : 'Aborted while paused');
  return true;
}

function show(run: Run, reading: Exclude<BrakeReading, { state: 'off' }>, told: string): string {
  const brake = pausedBy(reading, run.state.paused?.since ?? now());
  const text = `Paused by ${brake.by}: ${brake.reason}. No act is begun before the release`;
  run.state.paused = brake;
  tell(run, text === told ? `Still ${text.charAt(0).toLowerCase()}${text.slice(1)}` : text);
  return text;
}

/** Never throws: what could not be read is unknown. */
export async function readBrake(cluster: string): Promise<BrakeReading> {
  const workflowId = brakeWorkflowId(cluster);
  try {
    return await runHistory.readBrake.executeWithOptions(labelled('Is the brake on?'), [{ workflowId }]);
  } catch (error) {
    return { state: 'unknown', because: describeFailure(error).message };
  }
}

/** Undefined: aborted. Comes back at the latest when it is time to remind. */
async function nextReading(
  run: Run,
  unlike: BrakeReading,
  untilAborted: boolean,
): Promise<BrakeReading | undefined> {
  const workflowId = brakeWorkflowId(run.state.cluster);
  const forMs = Math.min(run.policy.remindEveryMs, 30 * 60_000);
  const watch = () =>
    brakeWatch.awaitBrake.executeWithOptions(labelled('Paused: wait for the release'), [
      { workflowId, unlike, forMs },
    ]);
  try {
    if (!untilAborted) return await watch();
    return (await unlessAborted(run, watch))?.value;
  } catch (error) {
    return { state: 'unknown', because: describeFailure(error).message };
  }
}
