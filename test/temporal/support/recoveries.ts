import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { Activities, RunHistoryActivities } from '../../../activities/contract.ts';
import { awaitBrake, readBrake } from '../../../activities/observe/brake.ts';
import { recoveryHistory } from '../../../activities/observe/recovery-history.ts';
import { awaitRunOver } from '../../../activities/observe/run-over.ts';
import type { BlockedStep, RecoveryRequest, RunState } from '../../../domain/run.ts';
import { workflowBundle } from '../../../worker/bundle.ts';
import { startWorkers } from '../../../worker/run-worker.ts';
import type { KubeletAuthRecovery } from '../../../workflows/kubelet-auth-recovery.ts';
import {
  recoveryWorkflowId,
  runbookQueue,
  stateQuery,
  voteUpdate,
  type RecoveryResult,
} from '../../../workflows/messages.ts';
import { simulate, type Simulator } from '../../simulator/simulator.ts';
import { healthyCluster, type SimulatedCluster } from '../../simulator/state.ts';
import { startTestTemporal, type TestTemporal } from './temporal.ts';
import { testInventory } from './workers.ts';

export type Recovery = WorkflowHandleWithFirstExecutionRunId<typeof KubeletAuthRecovery>;

/** A dev server with the product's workers, whose activities act on simulated clusters. */
export interface Recoveries {
  temporal: TestTemporal;
  /** Makes a cluster exist; its name must be one of those that are served. */
  host(cluster: SimulatedCluster): Simulator;
  start(cluster: SimulatedCluster, request?: Partial<RecoveryRequest>): Promise<Recovery>;
  startEtcd(cluster: SimulatedCluster, request?: Partial<RecoveryRequest>): Promise<Recovery>;
  close(): Promise<void>;
}

/** One server and one set of workers for a file of tests; each test has a cluster of its own, so that they may overlap. */
export async function serveClusters(
  names: readonly string[],
  history: Partial<RunHistoryActivities> = {},
): Promise<Recoveries> {
  const temporal = await startTestTemporal();
  const simulators = new Map<string, Simulator>();
  const workers = await startWorkers({
    activities: dispatched(simulators, history),
    inventory: testInventory(names),
    bundle: await workflowBundle(),
    connection: temporal.nativeConnection,
    namespace: 'default',
    identity: 'worker@test',
    shutdownGraceMs: 0,
  });
  return {
    temporal,
    host: (cluster) => {
      assert.ok(names.includes(cluster.name), `${cluster.name} is served`);
      const simulator = simulate(cluster);
      simulators.set(cluster.name, simulator);
      return simulator;
    },
    start: ({ name }, request = {}) => startRecovery(temporal, { cluster: name, ...request }),
    startEtcd: ({ name }, request = {}) =>
      startRecovery(temporal, { cluster: name, ...request }, 'EtcdRecovery'),
    close: async () => {
      await workers.stop();
      await temporal.close();
    },
  };
}

export function startRecovery(
  { client }: TestTemporal,
  request: Partial<RecoveryRequest> & { cluster: string },
  runbook: 'KubeletAuthRecovery' | 'EtcdRecovery' = 'KubeletAuthRecovery',
): Promise<Recovery> {
  return client.workflow.start<typeof KubeletAuthRecovery>(runbook, {
    workflowId: recoveryWorkflowId(request.cluster),
    taskQueue: runbookQueue,
    args: [{ requester: 'ada', origin: 'cli', ...request }],
  });
}

/** A machine that runs every other test file at the same time is slow, not broken. */
const PATIENCE_MS = 120_000;

/** The state, as soon as `holds` is true of it. */
export async function untilState(
  recovery: Pick<Recovery, 'query'>,
  holds: (state: RunState) => boolean,
): Promise<RunState> {
  let state: RunState | undefined;
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until) {
    // Nobody answers while a killed worker is replaced.
    state = await recovery.query(stateQuery).catch(() => state);
    if (state && holds(state)) return state;
    await sleep(50);
  }
  throw new Error(`never came to that state; the last one was ${JSON.stringify(state, null, 2)}`);
}

/** The result; a run that is blocked instead says so at once, and not by a test that hangs. */
export async function ended(recovery: Recovery): Promise<RecoveryResult> {
  const state = await untilState(
    recovery,
    ({ blocked, phase }) => blocked !== undefined || phase === 'closed',
  );
  if (state.blocked) throw new Error(`blocked at ${state.blocked.stepId}: ${state.blocked.error}`);
  return await recovery.result();
}

export function untilGate(recovery: Pick<Recovery, 'query'>, id = 'plan-1'): Promise<RunState> {
  return untilState(recovery, (state) => state.phase === 'waiting-for-approval' && state.gate?.id === id);
}

export async function untilBlocked(recovery: Recovery): Promise<RunState & { blocked: BlockedStep }> {
  const state = await untilState(recovery, ({ blocked }) => blocked !== undefined);
  return { ...state, blocked: state.blocked! };
}

/** The refusal that an update met; fails when it was accepted. */
export async function refusalOf(update: Promise<unknown>): Promise<{ type: string; message: string }> {
  const error: unknown = await update.then(
    () => undefined,
    (failed: unknown) => failed,
  );
  assert.ok(error instanceof WorkflowUpdateFailedError, `the update was refused, not ${String(error)}`);
  assert.ok(error.cause instanceof ApplicationFailure);
  return { type: error.cause.type ?? '', message: error.cause.message };
}

/** Waits for the open gate and approves it, as a person would. */
export async function approve(recovery: Recovery, id = 'plan-1', by = 'grace'): Promise<void> {
  const { gate } = await untilGate(recovery, id);
  assert.ok(gate);
  const vote = {
    gate: gate.id,
    nonce: gate.nonce,
    decision: 'approve' as const,
    by,
    reason: 'as in the runbook',
    cluster: gate.subject.cluster,
  };
  await recovery.executeUpdate(voteUpdate, { args: [vote] });
}

/** Each call goes to the cluster that it names. */
function dispatched(simulators: Map<string, Simulator>, history: Partial<RunHistoryActivities>): Activities {
  // Whatever a simulator has, so that a new activity needs no line here.
  const names = Object.keys(simulate(healthyCluster('any')).activities) as (keyof Simulator['activities'])[];
  const entries = names.map((name) => {
    const call = (input: { cluster?: string; observation?: { cluster: string } }) => {
      const cluster = input.cluster ?? input.observation?.cluster ?? '';
      const simulator = simulators.get(cluster);
      if (!simulator) throw new Error(`no simulated cluster ${cluster}`);
      return simulator.activities[name](input as never);
    };
    return [name, call];
  });
  return {
    ...Object.fromEntries(entries),
    recoveryHistory,
    awaitRunOver,
    readBrake,
    awaitBrake,
    ...history,
  } as Activities;
}
