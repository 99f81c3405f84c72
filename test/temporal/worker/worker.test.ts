import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { ApplicationFailure } from '@temporalio/common';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { spawnWorker, type WorkerProcess } from '../support/worker-process.ts';
import { startTestTemporal, type TestTemporal } from '../support/temporal.ts';
import { probeActivities } from '../support/probe-activities.ts';
import { until } from '../support/processes.ts';
import { withWorker } from '../support/workers.ts';
import { go, type Probe } from '../support/probe-workflows.ts';

const support = new URL('../support/', import.meta.url).pathname;

describe('the worker', () => {
  let temporal: TestTemporal;
  let directory: string;
  let bundle: { codePath: string };
  let journal: string;
  let release: string;
  let count = 0;

  before(async () => {
    temporal = await startTestTemporal();
    directory = await mkdtemp(join(tmpdir(), 'cpr-worker-'));
    const workflowsPath = join(support, 'probe-workflows.ts');
    const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
    bundle = { codePath: join(directory, 'probe.js') };
    writeFileSync(bundle.codePath, code);
  });
  after(async () => {
    await temporal.close();
    await rm(directory, { recursive: true, force: true });
  });
  beforeEach(() => {
    count += 1;
    journal = join(directory, `journal-${count}`);
    release = join(directory, `release-${count}`);
  });

  function start(input: { queue?: string; cluster?: string; wait?: boolean } = {}) {
    return temporal.client.workflow.start<typeof Probe>('Probe', {
      taskQueue: 'runbooks',
      workflowId: `probe-${count}`,
      args: [{ queue: 'lab', cluster: 'lab', ...input }],
    });
  }

  function spawnProbe(): Promise<WorkerProcess> {
    return spawnWorker({
      entry: join(support, 'probe-worker.ts'),
      args: [journal, release],
      env: { TEMPORAL_ADDRESS: temporal.server.address, PROBE_BUNDLE: bundle.codePath },
    });
  }

  it('serves decisions beside the workflows and acts on the queue of the cluster', async () => {
    writeFileSync(release, '');
    const activities = probeActivities({ journal, release });
    const result = await withWorker(temporal, { activities, bundle }, async () => (await start()).result());
    assert.equal(result, '0 findings; attempt 1 did it');
  });

  it('lets no run carry on what was cut off in another one: the half-done work of a task ends with it', async () => {
    writeFileSync(release, '');
    const activities = probeActivities({ journal, release });
    await withWorker(temporal, { activities, bundle }, async () => {
      const waiting = await start({ wait: true });
      const spinning = await temporal.client.workflow.start('Spin', {
        taskQueue: 'runbooks',
        workflowId: `spin-${count}`,
      });
      await spinning.signal(go);
      // Until the task was cut off and tried again, each time with a question to the neighbour directly behind it.
      while ((await tasksFailedOf(spinning)).length < 2)
        await assert.rejects(waiting.query('nothing'), /did not register a handler for nothing/);
      const failures = await tasksFailedOf(spinning);
      assert.match(failures.join(), /^(Script execution timed out after 5000ms,?)+$/);
      await spinning.terminate();
      await waiting.signal(go);
      assert.equal(await waiting.result(), '0 findings; attempt 1 did it');
      assert.deepEqual(await tasksFailedOf(waiting), []);
    });
  });

  it('does not let the queue of one cluster be used to act on another', async () => {
    writeFileSync(release, '');
    const activities = probeActivities({ journal, release });
    const error: unknown = await withWorker(temporal, { activities, bundle }, async () =>
      (await start({ cluster: 'other' })).result().catch((failed: unknown) => failed),
    );
    assert.ok(error instanceof WorkflowFailedError);
    const cause = error.cause?.cause;
    assert.ok(cause instanceof ApplicationFailure);
    assert.equal(cause.message, 'this queue serves lab, and was asked to act on other');
    assert.ok(!existsSync(journal), 'the act was never begun');
  });

  it('killed with SIGKILL in the middle of an act, is replaced within seconds and the run goes on', async () => {
    const first = await spawnProbe();
    const handle = await start();
    await until(() => attempts(journal) === 1);
    await first.kill();
    const second = await spawnProbe();
    await until(() => attempts(journal) === 2);
    writeFileSync(release, '');
    assert.equal(await handle.result(), '0 findings; attempt 2 did it');
    assert.equal(await second.stop(), 0);
  });

  it('killed with SIGKILL while the run waits for a person, is replaced without anybody noticing', async () => {
    writeFileSync(release, '');
    const first = await spawnProbe();
    const handle = await start({ wait: true });
    // Two workflow tasks are done when the decision is in: from here on, only the signal moves it.
    await until(async () => (await handle.describe()).historyLength >= 11);
    await first.kill();
    const second = await spawnProbe();
    await handle.signal(go);
    assert.equal(await handle.result(), '0 findings; attempt 1 did it');
    await second.kill();
  });

  it('asked to stop, gives a running act back at once, and the next worker takes it up', async () => {
    const first = await spawnProbe();
    const handle = await start();
    await until(() => attempts(journal) === 1);
    assert.equal(await first.stop(), 0);
    const second = await spawnProbe();
    await until(() => attempts(journal) === 2);
    writeFileSync(release, '');
    assert.equal(await handle.result(), '0 findings; attempt 2 did it');
    await second.stop();
  });
});

function attempts(journal: string): number {
  return existsSync(journal) ? readFileSync(journal, 'utf8').trim().split('\n').length : 0;
}

async function tasksFailedOf(run: Pick<WorkflowHandle, 'fetchHistory'>): Promise<unknown[]> {
  const { events } = await run.fetchHistory();
  return (events ?? []).flatMap(({ workflowTaskFailedEventAttributes: failed }) =>
    failed ? [failed.failure?.message] : [],
  );
}
