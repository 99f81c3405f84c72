import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError, untilReady } from '../../lab/cluster/api.ts';

/** Answers with each of the statuses in turn, then with `done`. */
function answering(...statuses: number[]) {
  let asked = 0;
  const ask = () => {
    const status = statuses[asked++];
    return status === undefined ? Promise.resolve('done') : Promise.reject(new ApiError(status, `${status}`));
  };
  return { ask, asked: () => asked };
}

const patience = { attempts: 3, everyMs: 1 };

test('an API server that says it is busy is asked again', async () => {
  const server = answering(429, 429);
  assert.equal(await untilReady(server.ask, patience), 'done');
  assert.equal(server.asked(), 3);
});

test('one that stays busy is given up', async () => {
  const server = answering(429, 429, 429);
  await assert.rejects(untilReady(server.ask, patience), { status: 429 });
  assert.equal(server.asked(), 3);
});

test('any other answer is one: what may have been done is not done again', async () => {
  for (const status of [404, 409, 500, 503]) {
    const server = answering(status);
    await assert.rejects(untilReady(server.ask, patience), { status });
    assert.equal(server.asked(), 1);
  }
});
