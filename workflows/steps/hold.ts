import type { BrakeReading } from '../../domain/brake.ts';
import { pausedBy } from '../../domain/brake.ts';
import { brakeWorkflowId } from '../messages.ts';
import { brakeWatch, labelled, runHistory } from './activities.ts';
import { describeFailure } from './failures.ts';
import { hasApproval } from './gate.ts';
import { unless } from './looking.ts';
import { now, tell, type Run } from './run.ts';

/**
 * How a hold went. `released`: hours may have passed, and what was looked at before is old. `moot`: nothing is left to
 * wait for, and the brake may still be on.
 */
export type Held = 'not' | 'released' | 'moot';

/** Holds while the cluster's brake is on. Called before each act, and directly before a point of no return. */
export function holdWhilePaused(run: Run): Promise<Held> {
  // Whoever was told that a rejection or an abort counts must not find the cluster's lock held until the release.
  return hold(run, () => run.abort !== undefined || !hasApproval(run));
}

/** Putting back after an abort is an act too, and nothing but the release lets it begin. */
export function holdUndoWhilePaused(run: Run): Promise<Held> {
  return hold(run, () => false);
}

async function hold(run: Run, isMoot: () => boolean): Promise<Held> {
  let reading = await readBrake(run.state.cluster);
  if (reading.state === 'off') return 'not';
  let told = '';
  while (reading.state !== 'off' && !isMoot()) {
    told = show(run, reading, told);
    reading = (await nextReading(run, reading, isMoot)) ?? reading;
  }
  delete run.state.paused;
  if (reading.state === 'off') tell(run, 'The brake was released: going on');
  else
    tell(run, run.abort ? 'Aborted while paused' : 'The approval does not stand any more: no act is to come');
  return reading.state === 'off' ? 'released' : 'moot';
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

/** Undefined: moot. Comes back at the latest when it is time to remind. */
async function nextReading(
  run: Run,
  unlike: BrakeReading,
  isMoot: () => boolean,
): Promise<BrakeReading | undefined> {
  const workflowId = brakeWorkflowId(run.state.cluster);
  const forMs = Math.min(run.policy.remindEveryMs, 30 * 60_000);
  const watch = () =>
    brakeWatch.awaitBrake.executeWithOptions(labelled('Paused: wait for the release'), [
      { workflowId, unlike, forMs },
    ]);
  try {
    return (await unless(isMoot, watch))?.value;
  } catch (error) {
    return { state: 'unknown', because: describeFailure(error).message };
  }
}
