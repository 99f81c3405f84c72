import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { BrakeReading, BrakeState } from '../../../domain/brake.ts';
import { findBrake } from '../../../domain/brake-reading.ts';
import {
  brakeStateQuery,
  brakeWorkflowId,
  releaseUpdate,
  runbookQueue,
} from '../../../workflows/messages.ts';
import type { Recoveries } from './recoveries.ts';

const PATIENCE_MS = 120_000;

/** Puts the brake of a cluster on, as olga would. */
export function pause({ temporal }: Recoveries, cluster: string, said: object = {}): Promise<WorkflowHandle> {
  return temporal.client.workflow.start('Brake', {
    workflowId: brakeWorkflowId(cluster),
    taskQueue: runbookQueue,
    args: [{ cluster, by: 'olga', reason: 'the switch is being replaced', ...said }],
  });
}

export function resume(brake: WorkflowHandle): Promise<string> {
  return brake.executeUpdate(releaseUpdate, { args: [{ by: 'grace', reason: 'the switch is there' }] });
}

export async function untilBrake(
  brake: WorkflowHandle,
  holds: (state: BrakeState) => boolean,
): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until) {
    // One that has only just been started may not answer in time on a busy machine.
    const state = await brake.query(brakeStateQuery).catch(() => undefined);
    if (state && holds(state)) return;
    await sleep(25);
  }
  assert.fail('the brake never came to that state');
}

export function untilOn(brake: WorkflowHandle): Promise<void> {
  return untilBrake(brake, ({ phase }) => phase === 'on');
}

/** What Temporal's description of it says. */
export async function readIn({ temporal }: Recoveries, cluster: string): Promise<BrakeReading> {
  return await findBrake(temporal.client.workflow, brakeWorkflowId(cluster));
}
