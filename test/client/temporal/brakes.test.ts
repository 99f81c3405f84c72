import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client } from '@temporalio/client';
import { CommandFailure } from '../../../client/failure.ts';
import { brakeGateway } from '../../../client/temporal/brakes.ts';

const request = { cluster: 'lab', by: 'anna', reason: 'stop' };
const memo = { brake: { by: 'olga', reason: 'the switch', since: '2026-11-22T03:01:00.000Z' } };

/** A brake of olga's is being put on; `becomes` is what is seen of it in turn, then what is seen of ours. */
function olgaFirst(...becomes: object[]) {
  let starts = 0;
  const client = {
    withDeadline: (_until: number, call: () => Promise<unknown>) => call(),
    workflow: {
      start: async () => {
        starts += 1;
        if (starts === 1) throw Object.assign(new Error(), { name: 'WorkflowExecutionAlreadyStartedError' });
      },
      getHandle: () => ({
        describe: async () => ({ runId: 'r', startTime: new Date(0), ...becomes.shift() }),
        result: () => Promise.reject(Object.assign(new Error(), { cause: { message: 'not signed' } })),
      }),
    },
  } as unknown as Client; // as much of it as the brake uses
  const gateway = brakeGateway({ client, place: { address: 'temporal.test:7233', namespace: 'default' } });
  return { gateway, starts: () => starts };
}

const pending = { status: { name: 'RUNNING' } };
const on = { ...pending, memo };
const failed = { status: { name: 'FAILED' } };

describe('putting a brake on that somebody is putting on', () => {
  it('is done when that one counts', async () => {
    const { gateway, starts } = olgaFirst(pending, on);
    assert.equal(await gateway.putOn(request), 'on already');
    assert.equal(starts(), 1);
  });

  it('puts ours on when that one does not', async () => {
    const { gateway, starts } = olgaFirst(pending, failed, pending, on);
    assert.equal(await gateway.putOn(request), 'on');
    assert.equal(starts(), 2);
  });

  it('says why ours does not count either', async () => {
    const { gateway } = olgaFirst(failed, failed);
    await assert.rejects(
      gateway.putOn(request),
      (error) => error instanceof CommandFailure && /not on: not signed/.test(error.text.what),
    );
  });
});
