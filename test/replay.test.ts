import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { workflowBundle, type WorkflowBundle } from '../worker/bundle.ts';

const histories = new URL('histories/', import.meta.url);
const files = readdirSync(histories).filter((file) => file.endsWith('.json'));

/** Recorded by `CPR_RECORD=1` from the tests of test/temporal: one run of each outcome that a release must still understand. */
const outcomes = ['healed', 'refused', 'rejected', 'blocked-then-retried', 'aborted'];

describe('A run that a former version began', () => {
  let bundle: WorkflowBundle;
  before(async () => {
    const filter = { core: 'ERROR', other: 'ERROR' } as const;
    Runtime.install({
      logger: new DefaultLogger('ERROR'),
      telemetryOptions: { logging: { filter, forward: {} } },
    });
    bundle = await workflowBundle();
  });

  it('is recorded for every outcome', () => {
    assert.deepEqual(
      outcomes.filter((name) => !files.includes(`${name}.json`)),
      [],
    );
  });

  for (const file of files) {
    it(`goes on under this version as it began: ${file}`, async () => {
      await Worker.runReplayHistory({ workflowBundle: bundle }, historyIn(file), workflowIdIn(file));
    });
  }

  it('is found out when this version would act differently', async () => {
    const text = JSON.stringify(historyIn('healed.json')).replace('backUpKubelet', 'restartKubelet');
    const other = JSON.parse(text) as unknown;
    await assert.rejects(
      Worker.runReplayHistory({ workflowBundle: bundle }, other, 'recovery/healed'),
      DeterminismViolationError,
    );
  });
});

function historyIn(file: string): unknown {
  return JSON.parse(readFileSync(new URL(file, histories), 'utf8'));
}

/** The workflow checks its own id: it is the cluster's lock. */
function workflowIdIn(file: string): string {
  const { events } = historyIn(file) as {
    events: { workflowExecutionStartedEventAttributes?: { workflowId?: string } }[];
  };
  return events[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? '';
}
