import { setTimeout as sleep } from 'node:timers/promises';
import type { RunState } from '../../../domain/run.ts';
import { stateQuery } from '../../../workflows/messages.ts';
import type { Recovery } from '../../temporal/support/recoveries.ts';
import type { SshShim } from './ssh-shim.ts';

/** A worker that is to die late in a recovery may first have waited for the kubelet, as long as `ended` does. */
const WITHIN_MS = 480_000;

/** Until the run has come to the instruction that was set up. One that ends, is blocked or takes another way says so. */
export async function reached(
  trap: Pick<SshShim, 'sprung'>,
  recovery: Pick<Recovery, 'query'>,
): Promise<void> {
  const deadline = Date.now() + WITHIN_MS;
  let last: RunState | undefined;
  while (!trap.sprung()) {
    last = (await recovery.query(stateQuery).catch(() => undefined)) ?? last;
    const isOver = last?.outcome !== undefined || last?.blocked !== undefined || Date.now() > deadline;
    if (isOver && !trap.sprung())
      throw new Error(`the instruction was not reached: ${JSON.stringify(last?.timeline, null, 2)}`);
    await sleep(200);
  }
}
