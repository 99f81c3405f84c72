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
  for (let tries = 0; tries < 800; tries++) {
    if (holds(await brake.query(brakeStateQuery))) return;
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
