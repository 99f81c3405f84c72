import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { heartbeating, pause } from '../../activities/heartbeat.ts';

/** Temporal's own warning about the failure that is wanted here would only frighten the reader. */
function quiet(): MockActivityEnvironment {
  return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
}

describe('heartbeating', () => {
  it('gives back what the work gives, and has heartbeaten', async () => {
    const env = quiet();
    let beats = 0;
    env.on('heartbeat', () => (beats += 1));
    assert.equal(await env.run(() => heartbeating(async () => 42)), 42);
    assert.ok(beats >= 1);
  });

  it('turns an AbortError after a cancellation into Temporal’s own failure', async () => {
    const env = quiet();
    const running = env.run(() => heartbeating((signal) => pause(60_000, signal)));
    setImmediate(() => env.cancel());
    await assert.rejects(running, (error) => error instanceof CancelledFailure);
  });

  it('leaves the work’s own failure alone', async () => {
    const env = quiet();
    const failing = env.run(() =>
      heartbeating(async () => {
        throw new Error('of its own');
      }),
    );
    await assert.rejects(failing, /of its own/);
  });
});
