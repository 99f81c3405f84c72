import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { CancelledFailure, WorkflowNotFoundError } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { guards } from '../../worker/run-worker.ts';

const act = { activityType: 'restartKubelet', attempt: 1 };
const secret = '-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----';

/** An activity behind all guards of cluster `a`, where Temporal tells of its brake what `answer` says. */
function guarded(answer: () => Promise<unknown>, info: object = act) {
  const client = {
    withAbortSignal: (_signal: AbortSignal, call: () => Promise<unknown>) => call(),
    withDeadline: (_until: number, call: () => Promise<unknown>) => call(),
    workflow: { getHandle: () => ({ describe: answer }) },
  } as unknown as Client; // as much of it as the guards use
  const environment = new MockActivityEnvironment(info, {
    client,
    interceptors: guards('a'),
    logger: new DefaultLogger('ERROR'),
  });
  let begun = false;
  const activity = async (_input: object) => {
    begun = true;
  };
  return {
    environment,
    run: (cluster = 'a') => environment.run(activity, { cluster }),
    hasBegun: () => begun,
  };
}

async function off(): Promise<never> {
  throw new WorkflowNotFoundError('none', 'brake/a', undefined);
}

async function on() {
  const memo = { brake: { by: 'olga', reason: `key ${secret}`, since: '2026-11-22T03:01:00.000Z' } };
  return { status: { name: 'RUNNING' }, startTime: new Date(0), memo };
}

describe('the guards of a queue', () => {
  it('let an act begin when the brake is off, and heartbeat while that is found out', async () => {
    const { environment, run, hasBegun } = guarded(off);
    let beats = 0;
    environment.on('heartbeat', () => (beats += 1));
    await run();
    assert.ok(hasBegun());
    assert.ok(beats > 0, 'a slow answer is no dead worker');
  });

  it('begin no act that was cancelled while the brake was read', async () => {
    const { environment, run, hasBegun } = guarded(async () => {
      environment.cancel();
      await sleep(10);
      return await off();
    });
    await assert.rejects(run(), (error) => error instanceof CancelledFailure);
    assert.ok(!hasBegun());
  });

  it('let no secret leave with what they themselves refuse', async () => {
    const { run, hasBegun } = guarded(on);
    await assert.rejects(run(), ({ message }: Error) => {
      assert.match(message, /brake of a is on/);
      assert.doesNotMatch(message, /BEGIN PRIVATE/);
      return true;
    });
    await assert.rejects(run(`b ${secret}`), ({ message, stack }: Error) => {
      assert.match(message, /asked to act on b \[secret removed\]/);
      assert.doesNotMatch(stack ?? '', /PRIVATE/);
      return true;
    });
    assert.ok(!hasBegun());
  });
});
