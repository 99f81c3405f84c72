import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ActivityFailure,
  ApplicationFailure,
  RetryState,
  TimeoutFailure,
  TimeoutType,
} from '@temporalio/common';
import { describeFailure } from '../../../workflows/steps/failures.ts';

function asActivity(cause: Error): ActivityFailure {
  return new ActivityFailure(
    'Activity task failed',
    'restartKubelet',
    '7',
    RetryState.TIMEOUT,
    'worker',
    cause,
  );
}

describe('why a step failed', () => {
  const unreachable = ApplicationFailure.create({
    type: 'NodeUnreachable',
    message: 'ssh: Connection refused',
  });

  it('is what the activity said, not that an activity failed', () => {
    assert.deepEqual(describeFailure(asActivity(unreachable)), {
      type: 'NodeUnreachable',
      message: 'ssh: Connection refused',
    });
  });

  it('is the last error, when trying again ran out of time', () => {
    const timeout = new TimeoutFailure('timed out', undefined, TimeoutType.SCHEDULE_TO_CLOSE);
    Object.assign(timeout, { cause: unreachable });
    assert.equal(describeFailure(asActivity(timeout)).type, 'NodeUnreachable');
  });

  it('is that nobody answered, when there is nothing but a timeout', () => {
    const timeout = new TimeoutFailure('timed out', undefined, TimeoutType.START_TO_CLOSE);
    const failure = describeFailure(asActivity(timeout));
    assert.equal(failure.type, 'TimeoutSTART_TO_CLOSE');
    assert.match(failure.message, /is a worker for this cluster running/);
  });

  it('is short, whatever was thrown', () => {
    assert.ok(describeFailure(new Error('x'.repeat(100_000))).message.length < 700);
    assert.equal(describeFailure('a text').message, 'a text');
    assert.equal(describeFailure(undefined).type, 'Error');
  });

  it('is found in a chain without end', () => {
    const first = new Error('first');
    first.cause = first;
    assert.equal(describeFailure(first).message, 'first');
  });
});
