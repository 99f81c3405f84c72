import { setTimeout as sleep } from 'node:timers/promises';
import { getClient } from '@temporalio/activity';
import type { BrakeReading } from '../../domain/brake.ts';
import { findBrake } from '../../domain/brake-reading.ts';
import type { RunHistoryActivities } from '../contract.ts';
import { sentenceOf } from '../failure.ts';
import { heartbeating, pause } from '../heartbeat.ts';

const LOOK_EVERY_MS = 1000;
const ANSWER_MS = 3000;
const TRIES = 3;

/** Tries again what Temporal does not answer: `unknown` holds every run. */
export async function readBrake({ workflowId }: { workflowId: string }): Promise<BrakeReading> {
  for (let tries = 1; ; tries++) {
    const reading = await readOnce(workflowId);
    if (reading.state !== 'unknown' || tries === TRIES) return reading;
    await sleep(300);
  }
}

export function awaitBrake({
  workflowId,
  unlike,
  forMs,
}: Parameters<RunHistoryActivities['awaitBrake']>[0]): Promise<BrakeReading> {
  return heartbeating(async (signal) => {
    const until = Date.now() + forMs;
    for (;;) {
      const reading = await readBrake({ workflowId });
      if (isOther(reading, unlike) || Date.now() >= until) return reading;
      await pause(LOOK_EVERY_MS, signal);
    }
  });
}

async function readOnce(workflowId: string): Promise<BrakeReading> {
  try {
    const client = getClient();
    return await client.withDeadline(Date.now() + ANSWER_MS, () => findBrake(client.workflow, workflowId));
  } catch (error) {
    return { state: 'unknown', because: sentenceOf(error) };
  }
}

/** Two failures to read it differ in their wording only: that is no news. */
function isOther(reading: BrakeReading, before: BrakeReading): boolean {
  if (reading.state === 'unknown' && before.state === 'unknown') return false;
  return JSON.stringify(reading) !== JSON.stringify(before);
}
