import { setTimeout as sleep } from 'node:timers/promises';
import type { RunState } from '../../../domain/run.ts';
import { stateQuery } from '../../../workflows/messages.ts';
import type { Recovery } from '../../temporal/support/recoveries.ts';
import type { SshShim } from './ssh-shim.ts';

const WITHIN_MS = 300_000;

/** Until the run has come to the instruction that was set up. One that ends, is blocked or takes another way says so. */
export async function reached(shim: SshShim, recovery: Pick<Recovery, 'query'>): Promise<void> {
  const deadline = Date.now() + WITHIN_MS;
  let last: RunState | undefined;
  while (!shim.sprung()) {
    last = (await recovery.query(stateQuery).catch(() => undefined)) ?? last;
    const isOver = last?.outcome !== undefined || last?.blocked !== undefined || Date.now() > deadline;
    if (isOver && !shim.sprung())
      throw new Error(`the instruction was not reached: ${JSON.stringify(last?.timeline, null, 2)}`);
    await sleep(200);
  }
}
