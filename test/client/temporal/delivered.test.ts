import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client } from '@temporalio/client';
import type { Session } from '../../../client/temporal/connect.ts';
import { asked } from '../../../client/temporal/delivered.ts';
import { grpcCodes } from '../../../client/temporal/errors.ts';

describe('a question to a run', () => {
  it('is asked again while others are asking the same run', async () => {
    const busy = turnedAway(grpcCodes.resourceExhausted, 2);
    assert.equal(await asked(session, busy.query), 'the state');
    assert.equal(busy.asked(), 3);
  });

  it('is asked once when it failed for another reason', async () => {
    const away = turnedAway(grpcCodes.unavailable, 2);
    await assert.rejects(asked(session, away.query), /Failed to query/);
    assert.equal(away.asked(), 1);
  });
});

/** As much of a session as a question uses. */
const session = {
  client: { withDeadline: <T>(_deadline: number, call: () => Promise<T>) => call() } as unknown as Client,
  place: { address: 'temporal.test:7233', namespace: 'default' },
} satisfies Session;

function turnedAway(code: number, times: number) {
  let count = 0;
  const query = async () => {
    count++;
    if (count > times) return 'the state';
    throw new Error('Failed to query Workflow', { cause: Object.assign(new Error('turned away'), { code }) });
  };
  return { query, asked: () => count };
}
