import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { guardCluster, guardPayloads } from '../../worker/interceptors.ts';

const key = '-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----';

function run<T>(
  activity: (...args: never[]) => Promise<T>,
  interceptors = [guardPayloads()],
  ...args: unknown[]
) {
  const environment = new MockActivityEnvironment({}, { interceptors, logger: new DefaultLogger('ERROR') });
  return environment.run(activity as (...given: unknown[]) => Promise<T>, ...args);
}

describe('what leaves an activity', () => {
  it('is its result, untouched, when there is no secret in it', async () => {
    const result = { changed: true, evidence: ['a', { b: null }] };
    assert.equal(await run(() => Promise.resolve(result)), result);
    assert.equal(await run(() => Promise.resolve(undefined)), undefined);
  });

  it('carries no secret in its result', async () => {
    const result = { log: [`read ${key}`], count: 1 };
    assert.deepEqual(await run(() => Promise.resolve(result)), { log: ['read [secret removed]'], count: 1 });
  });

  it('carries no secret in an error, its causes, its stack or its details', async () => {
    const cause = new Error(`cause ${key}`);
    const leaky = () =>
      Promise.reject(
        ApplicationFailure.create({
          message: `failed ${key}`,
          type: 'ApiForbidden',
          cause,
          details: [{ key }],
        }),
      );
    const error = await run(leaky).catch((failed: unknown) => failed);
    assert.ok(error instanceof ApplicationFailure);
    assert.equal(error.type, 'ApiForbidden');
    const texts = [
      error.message,
      error.stack,
      error.cause?.message,
      error.cause?.stack,
      JSON.stringify(error.details),
    ];
    assert.ok(
      texts.every((text) => text?.includes('[secret removed]') && !text.includes('PRIVATE')),
      texts.join('\n'),
    );
  });
});

const act = () => Promise.resolve('done');

describe('the queue of one cluster', () => {
  it('serves that cluster', async () => {
    assert.equal(await run(act, [guardCluster('a')], { cluster: 'a', node: 'master-1' }), 'done');
  });

  for (const argument of [{ cluster: 'b' }, {}, undefined, { cluster: ['a'] }]) {
    it(`refuses ${JSON.stringify(argument)} without beginning`, async () => {
      let begun = false;
      const noted = () => {
        begun = true;
        return act();
      };
      const refused = run(noted, [guardCluster('a')], argument);
      await assert.rejects(
        refused,
        (error: ApplicationFailure) => error.type === 'UnknownCluster' && error.nonRetryable === true,
      );
      assert.ok(!begun);
    });
  }
});
