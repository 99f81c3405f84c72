import { hostname } from 'node:os';
import {
  Worker,
  type ActivityInterceptorsFactory,
  type NativeConnection,
  type WorkerOptions,
} from '@temporalio/worker';
import type { Activities, DecideActivities, RunHistoryActivities } from '../activities/contract.ts';
import type { EtcdDecideActivities } from '../activities/etcd-contract.ts';
import { clusterQueue, runbookQueue } from '../workflows/messages.ts';
import type { Inventory } from './config/inventory.ts';
import type { WorkflowBundle } from './bundle.ts';
import { guardBrake } from './brake-guard.ts';
import { workerError } from './errors.ts';
import { guardCluster, guardPayloads } from './interceptors.ts';

export interface WorkersOptions {
  inventory: Inventory;
  /** Only these clusters of the inventory; absent: all. Names that are not in it are an error. */
  clusters?: readonly string[] | undefined;
  connection: NativeConnection;
  namespace: string;
  bundle: WorkflowBundle;
  activities: Activities;
  /** Shown in histories as who did it; absent: `cpr-worker/<host>/<pid>`. */
  identity?: string;
  /** How long a running activity may go on after `stop()`. */
  shutdownGraceMs?: number;
}

export interface RunningWorkers {
  /** Task queues that are served. */
  queues: string[];
  /** Resolves after `stop()`; rejects when a worker fails, after the others have ended. */
  finished: Promise<void>;
  /** Takes no new work, lets running activities finish or gives them back, then resolves. The connection is the caller's. */
  stop(): Promise<void>;
}

/** Serves `runbooks` (workflows, decisions) and one queue for each cluster (observing and acting). */
export async function startWorkers(options: WorkersOptions): Promise<RunningWorkers> {
  const clusters = chooseClusters(options.inventory, options.clusters);
  const { decide, touch } = split(options.activities);
  const workers = [
    await Worker.create({
      ...common(options),
      taskQueue: runbookQueue,
      workflowBundle: options.bundle,
      activities: decide,
      interceptors: { activity: [guardPayloads()] },
      maxCachedWorkflows: 50,
      // A context of its own for each run. In the one that runs share by default the SDK leaves the half-done work of a task
      // that it cuts off (a machine so busy that a task took 5 s), and whichever run is woken next carries it on in its own
      // name: histories no longer replayed, and where that run was only asked a question the whole worker ended.
      reuseV8Context: false,
      // A run that was cached in a killed worker is handed to the next one after this; the SDK's default is 10 s.
      stickyQueueScheduleToStartTimeout: '3s',
    }),
  ];
  for (const cluster of clusters) {
    workers.push(
      await Worker.create({
        ...common(options),
        taskQueue: clusterQueue(cluster),
        activities: touch,
        interceptors: { activity: guards(cluster) },
        maxConcurrentActivityTaskExecutions: 10,
      }),
    );
  }
  return run(workers);
}

/** Outermost first: what the inner guards throw leaves for Temporal too, and must be cleaned as well. */
export function guards(cluster: string): ActivityInterceptorsFactory[] {
  return [guardPayloads(), guardCluster(cluster), guardBrake(cluster)];
}

function common(options: WorkersOptions): Omit<WorkerOptions, 'taskQueue'> {
  const { connection, namespace, shutdownGraceMs = 10_000 } = options;
  return {
    connection,
    namespace,
    identity: options.identity ?? `cpr-worker/${hostname()}/${process.pid}`,
    shutdownGraceTime: shutdownGraceMs,
    shutdownForceTime: shutdownGraceMs + 10_000,
    // Node activities have a heartbeat timeout of 5 s; a throttle near it would lose what the last heartbeat said.
    maxHeartbeatThrottleInterval: '1s',
    defaultHeartbeatThrottleInterval: '1s',
  };
}

function run(workers: Worker[]): RunningWorkers {
  const stopAll = () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const runs = workers.map((worker) =>
    worker.run().catch((error: unknown) => {
      stopAll();
      throw error;
    }),
  );
  const finished = Promise.allSettled(runs).then(async () => {
    await Promise.all(runs);
  });
  // Whoever awaits `finished` sees the failure; before anybody does, it must not end the process.
  finished.catch(() => {});
  return {
    queues: workers.map((worker) => worker.options.taskQueue),
    finished,
    stop: () => {
      stopAll();
      return finished;
    },
  };
}

/** An unknown name is refused: a worker that serves nothing looks, from outside, like a recovery that hangs. */
function chooseClusters(inventory: Inventory, wanted: readonly string[] | undefined): string[] {
  const known = Object.keys(inventory.clusters);
  const unknown = (wanted ?? []).filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw workerError(
      'BadConfiguration',
      `${inventory.file} knows no cluster ${unknown.join(', ')}; it has ${known.join(', ')}.`,
    );
  }
  return wanted === undefined || wanted.length === 0 ? known : known.filter((name) => wanted.includes(name));
}

/** What needs no cluster; the compiler holds the list equal to the contract. */
const besideWorkflows: Record<keyof (DecideActivities & EtcdDecideActivities & RunHistoryActivities), true> =
  {
    diagnoseObservation: true,
    decideKubeletAuthRecovery: true,
    decideCleanup: true,
    decideEtcdRecovery: true,
    objectToMemberChange: true,
    judgeDebt: true,
    objectToRestart: true,
    recoveryHistory: true,
    awaitRunOver: true,
    readBrake: true,
    awaitBrake: true,
  };

/** Decisions touch nothing and run beside the workflows; everything else needs the cluster's credentials. */
function split(activities: Activities): { decide: object; touch: object } {
  const all = Object.entries(activities);
  return {
    decide: Object.fromEntries(all.filter(([name]) => Object.hasOwn(besideWorkflows, name))),
    touch: Object.fromEntries(all.filter(([name]) => !Object.hasOwn(besideWorkflows, name))),
  };
}
