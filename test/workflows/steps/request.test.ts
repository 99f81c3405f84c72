import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import { readRequest } from '../../../workflows/steps/request.ts';

const good = { cluster: 'prod-eu-1', requester: 'ada', origin: 'cli' };
const id = 'recovery/prod-eu-1';

describe('what a recovery is asked for', () => {
  it('is taken as it stands, and nothing else of what was sent', () => {
    const sent = { ...good, node: 'master-1', dryRun: true, force: true };
    assert.deepEqual(readRequest(sent, id), { ...good, node: 'master-1', dryRun: true });
  });

  it('comes from the Web UI when it does not say from where', () => {
    assert.equal(readRequest({ cluster: 'prod-eu-1', requester: 'ada' }, id).origin, 'web-ui');
  });

  for (const [what, input] of [
    ['nothing', undefined],
    ['a text', 'prod-eu-1'],
    ['no cluster', { requester: 'ada' }],
    ['no requester', { cluster: 'prod-eu-1' }],
    ['an empty node, which must never mean "all"', { ...good, node: '' }],
    ['null for a node', { ...good, node: null }],
    ['a dry run that is no boolean', { ...good, dryRun: 'false' }],
    ['a cluster that is no text', { ...good, cluster: ['prod-eu-1'] }],
  ] as const) {
    it(`is refused with an example when it is ${what}`, () => {
      assert.throws(() => readRequest(input, id), isBadRequest(/"cluster":"prod-eu-1"/));
    });
  }

  it('is refused under any id that is not the lock of its cluster', () => {
    for (const other of ['recovery/prod-eu-2', 'recovery/prod-eu-1/2', 'mine']) {
      assert.throws(
        () => readRequest(good, other),
        isBadRequest(/expected the workflow id recovery\/prod-eu-1/),
      );
    }
  });
});

function isBadRequest(expected: RegExp) {
  return (error: unknown) =>
    error instanceof ApplicationFailure && error.type === 'BadRequest' && expected.test(error.message);
}
