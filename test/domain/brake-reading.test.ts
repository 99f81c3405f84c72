import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DescribedBrake } from '../../domain/brake.ts';
import { findBrake, type BrakeSource } from '../../domain/brake-reading.ts';

const brake = { by: 'olga', reason: 'the switch', since: '2026-11-22T03:01:00.000Z' };

/** Runs of one brake, oldest first: `unverified` ones never counted, `foreign` ones are no brake. The list may not know all of them yet. */
function temporal(statuses: readonly string[], listed = statuses.length): BrakeSource {
  const runs = statuses.map((name, index): DescribedBrake => {
    const [status = '', wrong] = name.split(' ');
    const type = wrong === 'foreign' ? 'HealthCheck' : 'Brake';
    const run = { runId: `run-${index}`, type, status: { name: status }, startTime: new Date(index * 1000) };
    return status === 'FAILED' || wrong === 'unverified' ? run : { ...run, memo: { brake } };
  });
  return {
    getHandle: (_workflowId, runId) => ({
      describe: async () => {
        const found = runId === undefined ? runs.at(-1) : runs.find((run) => run.runId === runId);
        if (!found) throw Object.assign(new Error('none'), { name: 'WorkflowNotFoundError' });
        return found;
      },
    }),
    list: async function* () {
      yield* runs.slice(0, listed);
    },
  };
}

const stateOf = async (...given: Parameters<typeof temporal>) =>
  (await findBrake(temporal(...given), 'brake/lab')).state;

describe('the brake that Temporal tells of', () => {
  it('is the newest one', async () => {
    assert.equal(await stateOf([]), 'off');
    assert.equal(await stateOf(['COMPLETED', 'RUNNING']), 'on');
    assert.equal(await stateOf(['RUNNING', 'COMPLETED']), 'off');
    assert.equal(await stateOf(['TERMINATED']), 'on');
  });

  it('is the one behind a pause that failed: what never counted releases nothing', async () => {
    assert.equal(await stateOf(['FAILED']), 'off');
    assert.equal(await stateOf(['TERMINATED', 'FAILED', 'FAILED']), 'on');
    assert.equal(await stateOf(['TERMINATED', 'COMPLETED', 'FAILED']), 'off');
  });

  it('is the one behind what was ended before it counted, or is no brake at all', async () => {
    assert.equal(await stateOf(['TERMINATED unverified']), 'off');
    assert.equal(await stateOf(['TERMINATED', 'TERMINATED unverified']), 'on');
    assert.equal(await stateOf(['TERMINATED', 'COMPLETED foreign']), 'on');
    assert.equal(await stateOf(['TERMINATED', 'COMPLETED', 'TIMED_OUT unverified']), 'off');
  });

  it('is unknown while the list is behind, or too long to find what counts', async () => {
    assert.equal(await stateOf(['TERMINATED', 'FAILED'], 0), 'unknown');
    assert.equal(await stateOf(Array.from({ length: 100 }, () => 'FAILED')), 'unknown');
  });

  it('passes on what Temporal refuses', async () => {
    const refusing: BrakeSource = {
      ...temporal([]),
      getHandle: () => ({ describe: () => Promise.reject(new Error('permission denied')) }),
    };
    await assert.rejects(findBrake(refusing, 'brake/lab'), /permission denied/);
  });
});
