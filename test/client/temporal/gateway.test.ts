import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client } from '@temporalio/client';
import { CommandFailure } from '../../../client/failure.ts';
import type { Gateway } from '../../../client/gateway.ts';
import { gatewayOf } from '../../../client/temporal/gateway.ts';
import type { RecoveryRequest } from '../../../domain/run.ts';
import { run } from '../support/runs.ts';
import { observing } from '../support/states.ts';

const request: RecoveryRequest = {
  cluster: 'lab',
  node: 'master-1',
  requester: 'anna@bastion',
  origin: 'cli',
};
const vote = { gate: 'plan-1', nonce: 'n', decision: 'approve', by: 'anna', reason: 'read it' } as const;

describe('the gateway to Temporal', () => {
  it('starts a recovery under the id that is the cluster lock, with words for the Web UI', async () => {
    const temporal = fakeTemporal();
    const started = await temporal.gateway.startRecovery(request);
    assert.deepEqual(started, {
      cluster: 'lab',
      workflowId: 'recovery/lab',
      runId: 'new-run',
      started: true,
    });
    const [type, options] = temporal.calls['start']![0] as [string, Record<string, unknown>];
    assert.equal(type, 'KubeletAuthRecovery');
    assert.equal(options['workflowId'], 'recovery/lab');
    assert.equal(options['taskQueue'], 'runbooks');
    assert.equal(options['workflowIdConflictPolicy'], 'FAIL');
    assert.match(String(options['staticSummary']), /master-1 in lab/);
    assert.ok(Buffer.byteLength(String(options['staticSummary'])) < 200);
    assert.match(String(options['staticDetails']), /changes nothing before its plan is approved/);
  });

  it('joins the recovery that is open when it is the same runbook', async () => {
    const temporal = fakeTemporal({ open: 'KubeletAuthRecovery' });
    const joined = await temporal.gateway.startRecovery(request);
    assert.equal(joined.started, false);
    assert.equal(joined.runId, run.runId);
  });

  it('refuses when another runbook has the cluster', async () => {
    const error = await failureOf(fakeTemporal({ open: 'EtcdRecovery' }).gateway.startRecovery(request));
    assert.equal(error.code, 'AnotherRecoveryOpen');
    assert.match(error.text.what, /EtcdRecovery is open on lab/);
  });

  it('refuses when the open recovery is for another node', async () => {
    const temporal = fakeTemporal({ open: 'KubeletAuthRecovery' });
    const error = await failureOf(temporal.gateway.startRecovery({ ...request, node: 'master-2' }));
    assert.equal(error.code, 'AnotherRecoveryOpen');
    assert.match(error.text.what, /KubeletAuthRecovery of master-1 is open/);
  });

  it('starts nothing when nobody would carry it out, and says which queue has no worker', async () => {
    const temporal = fakeTemporal({ pollers: { runbooks: 0 } });
    const error = await failureOf(temporal.gateway.startRecovery(request));
    assert.equal(error.code, 'NoWorker');
    assert.match(error.text.what, /No worker answers on queue cluster\/lab\./);
    assert.match(error.text.next ?? '', /whose clusters\.yaml lists lab/);
    assert.equal(temporal.calls['start'], undefined);
  });

  it('waits a moment for a worker that has just started: the server does not show it at once', async () => {
    const temporal = fakeTemporal({ appearsAfter: 6 });
    const started = await temporal.gateway.startRecovery(request);
    assert.equal(started.started, true);
    assert.ok(temporal.calls['look']!.length > 6);
  });

  it('stops waiting for a worker when the person presses Ctrl-C', async () => {
    const temporal = fakeTemporal({ appearsAfter: Number.POSITIVE_INFINITY });
    const controller = new AbortController();
    const looking = failureOf(
      temporal.gateway.diagnose('lab', { timeoutMs: 60_000, signal: controller.signal }),
    );
    setImmediate(() => controller.abort());
    assert.equal((await looking).code, 'Cancelled');
    assert.equal(temporal.calls['start'], undefined);
  });

  it('takes a worker that has not asked for work for minutes for gone', async () => {
    const temporal = fakeTemporal({ pollers: { runbooks: 300, 'cluster/lab': 300 } });
    const error = await failureOf(temporal.gateway.diagnose('lab', { timeoutMs: 1000 }));
    assert.match(error.text.what, /queue runbooks and cluster\/lab/);
  });

  it('asks for a look that proposes nothing', async () => {
    const temporal = fakeTemporal();
    await temporal.gateway.diagnose('lab', { timeoutMs: 1000 });
    const [type, options] = temporal.calls['start']![0] as [string, { args: unknown[]; workflowId: string }];
    assert.equal(type, 'HealthCheck');
    assert.deepEqual(options.args, [{ cluster: 'lab', propose: false }]);
    assert.match(options.workflowId, /^diagnose\/lab\//);
  });

  it('gives up a look that takes too long, with exit code 7', async () => {
    const temporal = fakeTemporal({ result: () => new Promise(() => {}) });
    const error = await failureOf(temporal.gateway.diagnose('lab', { timeoutMs: 5 }));
    assert.equal(error.exitCode, 7);
  });

  it('leaves a look when the person presses Ctrl-C', async () => {
    const temporal = fakeTemporal({ result: () => new Promise(() => {}) });
    const controller = new AbortController();
    const looking = failureOf(
      temporal.gateway.diagnose('lab', { timeoutMs: 60_000, signal: controller.signal }),
    );
    setImmediate(() => controller.abort());
    assert.equal((await looking).code, 'Cancelled');
  });

  it('sends the same vote under the same update id, another vote under another', async () => {
    const temporal = fakeTemporal();
    await temporal.gateway.vote(run, vote);
    await temporal.gateway.vote(run, vote);
    await temporal.gateway.vote(run, { ...vote, decision: 'reject' });
    const ids = temporal.calls['update']!.map(([, options]) => (options as { updateId: string }).updateId);
    assert.equal(ids[0], ids[1]);
    assert.notEqual(ids[0], ids[2]);
  });

  const errors: [claim: string, error: Error, code: string, exitCode: number][] = [
    [
      'a refused vote',
      updateFailed('The nonce is not that of gate plan-1.', 'WrongNonce'),
      'RefusedByRun',
      5,
    ],
    ['no recovery', named('WorkflowNotFoundError'), 'NoRecovery', 1],
    ['a missing namespace', named('NamespaceNotFoundError'), 'NamespaceNotFound', 1],
    ['a server that is away', grpc(14), 'TemporalUnreachable', 1],
    ['no answer in time', grpc(4), 'NoWorker', 1],
    ['a queue without a worker', grpc(9), 'NoWorker', 1],
    ['a wrong API key', grpc(16), 'NotAuthenticated', 4],
    ['a run that others ask all the time', grpc(8), 'NoWorker', 1],
    ['a missing role', grpc(7), 'NotAuthorized', 4],
  ];
  for (const [claim, error, code, exitCode] of errors) {
    it(`names ${claim}: ${code}`, async () => {
      const failed = await failureOf(fakeTemporal({ update: error }).gateway.vote(run, vote));
      assert.equal(failed.code, code);
      assert.equal(failed.exitCode, exitCode);
      assert.notEqual(failed.text.what, '');
    });
  }

  it("carries the run's own name for its refusal", async () => {
    const error = updateFailed('The nonce is not that of gate plan-1.', 'WrongNonce');
    const failed = await failureOf(fakeTemporal({ update: error }).gateway.vote(run, vote));
    assert.equal(failed.text.reason, 'WrongNonce');
    assert.equal(failed.text.what, 'The nonce is not that of gate plan-1.');
  });

  it('shows the innermost sentence of a failed look, and knows a cluster that the worker does not', async () => {
    const inner = Object.assign(new Error('the inventory lists no cluster lab'), { type: 'UnknownCluster' });
    const activity = Object.assign(new Error('Activity task failed', { cause: inner }), {
      name: 'ActivityFailure',
    });
    const error = Object.assign(new Error('Workflow execution failed', { cause: activity }), {
      name: 'WorkflowFailedError',
    });
    const temporal = fakeTemporal({ result: () => Promise.reject(error) });
    const failed = await failureOf(temporal.gateway.diagnose('lab', { timeoutMs: 1000 }));
    assert.equal(failed.code, 'UnknownCluster');
    assert.equal(failed.text.what, 'the inventory lists no cluster lab');
  });
});

describe('the schedule of a cluster', () => {
  it('is created once, with no overlap and nothing caught up', async () => {
    const temporal = fakeTemporal();
    assert.equal(await temporal.gateway.schedule.set('lab', 300_000), 'created');
    const [options] = temporal.calls['schedule.create']![0] as [Record<string, unknown>];
    assert.equal(options['scheduleId'], 'health-check/lab');
    assert.deepEqual(options['spec'], { intervals: [{ every: 300_000 }], jitter: 30_000 });
    assert.deepEqual(options['policies'], { overlap: 'SKIP', catchupWindow: '1m', pauseOnFailure: false });
    assert.deepEqual((options['action'] as { args: unknown }).args, [{ cluster: 'lab', propose: true }]);
  });

  it('is changed when it is there with another interval, and stays paused if it was', async () => {
    const temporal = fakeTemporal({ scheduleEvery: 60_000 });
    assert.equal(await temporal.gateway.schedule.set('lab', 300_000), 'changed');
    const [updated] = temporal.calls['schedule.update']![0] as [{ state: { paused: boolean } }];
    assert.equal(updated.state.paused, true);
  });

  it('is left alone when it is there already', async () => {
    const temporal = fakeTemporal({ scheduleEvery: 300_000 });
    assert.equal(await temporal.gateway.schedule.set('lab', 300_000), 'already so');
    assert.equal(temporal.calls['schedule.update'], undefined);
  });

  it('that is not there is named', async () => {
    const error = await failureOf(fakeTemporal().gateway.schedule.show('lab'));
    assert.equal(error.code, 'NoSchedule');
  });
});

interface Behaviour {
  /** Type of the recovery that is open. */
  open?: string;
  /** Seconds since a worker asked for work, by queue. */
  pollers?: Record<string, number>;
  /** How many looks at its queue a worker that has just started is not seen in. */
  appearsAfter?: number;
  result?: () => Promise<unknown>;
  update?: Error;
  scheduleEvery?: number;
}

interface FakeTemporal {
  gateway: Gateway;
  calls: Record<string, unknown[][]>;
}

/** The part of the SDK's client that the gateway uses. */
function fakeTemporal(behaviour: Behaviour = {}): FakeTemporal {
  const calls: FakeTemporal['calls'] = {};
  const record = (name: string, ...args: unknown[]) => void (calls[name] ??= []).push(args);
  const client = {
    connection: { close: async () => {} },
    workflow: workflowClient(behaviour, record),
    schedule: scheduleClient(behaviour, record),
    workflowService: {
      describeTaskQueue: async ({ taskQueue }: { taskQueue: { name: string } }) => {
        record('look', taskQueue.name);
        if (calls['look']!.length <= (behaviour.appearsAfter ?? 0)) return { pollers: [] };
        const { [taskQueue.name]: age } = behaviour.pollers ?? { runbooks: 0, 'cluster/lab': 0 };
        const seconds = Math.floor(Date.now() / 1000) - (age ?? 0);
        return { pollers: age === undefined ? [] : [{ lastAccessTime: { seconds } }] };
      },
    },
    withDeadline: <T>(_deadline: number, call: () => Promise<T>) => call(),
  };
  const place = { address: 'temporal.test:7233', namespace: 'default' };
  const patience = { forMs: behaviour.appearsAfter === undefined ? 0 : 60_000, everyMs: 1 };
  // As much of a client as the gateway uses.
  return { gateway: gatewayOf({ client: client as unknown as Client, place }, patience), calls };
}

type Recorder = (name: string, ...args: unknown[]) => void;

function workflowClient({ open, result, update }: Behaviour, record: Recorder) {
  return {
    start: async (type: string, options: unknown) => {
      record('start', type, options);
      if (open) throw named('WorkflowExecutionAlreadyStartedError');
      return { firstExecutionRunId: 'new-run', result: result ?? (async () => ({})) };
    },
    getHandle: () => ({
      describe: async () => ({
        type: open,
        workflowId: run.workflowId,
        runId: run.runId,
        status: { name: 'RUNNING' },
        startTime: run.startedAt,
      }),
      query: async () => observing(),
      startUpdate: async (definition: unknown, options: unknown) => {
        record('update', definition, options);
        if (update) throw update;
        return { result: async () => ({ have: 1, need: 1, sentence: 'Approved.' }) };
      },
    }),
  };
}

function scheduleClient({ scheduleEvery }: Behaviour, record: Recorder) {
  const described = {
    scheduleId: 'health-check/lab',
    spec: { intervals: [{ every: scheduleEvery, offset: 0 }] },
    state: { paused: true },
    info: { recentActions: [], nextActionTimes: [] },
  };
  return {
    create: async (options: unknown) => {
      record('schedule.create', options);
      if (scheduleEvery !== undefined) throw named('ScheduleAlreadyRunning');
    },
    getHandle: () => ({
      describe: async () => {
        if (scheduleEvery === undefined) throw named('ScheduleNotFoundError');
        return described;
      },
      update: async (change: (previous: unknown) => { spec: typeof described.spec }) => {
        const changed = change(described);
        record('schedule.update', changed);
        described.spec = changed.spec;
      },
    }),
  };
}

async function failureOf(work: Promise<unknown>): Promise<CommandFailure> {
  const error: unknown = await work.then(
    () => assert.fail('it did not fail'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof CommandFailure, String(error));
  return error;
}

function named(name: string): Error {
  return Object.assign(new Error(`a ${name}`), { name });
}

function grpc(code: number): Error {
  const cause = Object.assign(new Error(`code ${code}`), { code });
  return Object.assign(new Error('it failed', { cause }), { name: 'ServiceError' });
}

function updateFailed(message: string, type: string): Error {
  const cause = Object.assign(new Error(message), { name: 'ApplicationFailure', type });
  return Object.assign(new Error('Workflow Update failed', { cause }), { name: 'WorkflowUpdateFailedError' });
}
