import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import type { ClusterConnection } from '../../../activities/connections/cluster.ts';
import type { Activities } from '../../../activities/contract.ts';
import { createClusterActivities } from '../../../activities/index.ts';
import { awaitBrake, readBrake } from '../../../activities/observe/brake.ts';
import { awaitRunOver } from '../../../activities/observe/run-over.ts';
import { leaseAnnotation } from '../../../domain/lease-note.ts';
import { startWorkers } from '../../../worker/run-worker.ts';
import { leaseObject, type LeaseObject } from '../../activities/support/lease-object.ts';
import { leaseBundle } from './leases.ts';
import { startTestTemporal, type TestTemporal } from './temporal.ts';
import { testInventory } from './workers.ts';

/** A dev server and the product's workers for the lease, each cluster with an API of its own. */
export interface Leases {
  temporal: TestTemporal;
  cluster(t: TestContext, name: string): Promise<LeaseObject>;
  close(): Promise<void>;
}

export async function serveLeases(names: readonly string[]): Promise<Leases> {
  const connections = new Map<string, ClusterConnection>();
  const bundle = await leaseBundle();
  const temporal = await startTestTemporal();
  const workers = await startWorkers({
    activities: {
      ...createClusterActivities((name) => connections.get(name)),
      awaitRunOver,
      readBrake,
      awaitBrake,
    } as Partial<Activities> as Activities,
    inventory: testInventory(names),
    bundle,
    connection: temporal.nativeConnection,
    namespace: 'default',
    identity: 'worker@test',
    shutdownGraceMs: 0,
  });
  return {
    temporal,
    async cluster(t, name) {
      assert.ok(names.includes(name));
      const object = await leaseObject(t, 'lab-lease-proof', { data: { theirs: 'as it was' } });
      connections.set(name, object.connection);
      return object;
    },
    async close() {
      await workers.stop();
      await temporal.close();
      bundle.remove();
    },
  };
}

export function isHeld(object: LeaseObject): boolean {
  const { metadata, data: values } = object.read() as { metadata: { annotations?: object }; data?: object };
  const { lease } = (values ?? {}) as { lease?: string };
  return lease === 'held' && Object.hasOwn(metadata.annotations ?? {}, leaseAnnotation);
}

type AnyRun = Pick<WorkflowHandle, 'result'>;

async function failure(run: AnyRun): Promise<ApplicationFailure> {
  const error: unknown = await run.result().then(
    () => undefined,
    (failed: unknown) => failed,
  );
  assert.ok(error instanceof WorkflowFailedError, `the run failed, not ${String(error)}`);
  let cause: unknown = error;
  while (cause instanceof Error && !(cause instanceof ApplicationFailure)) cause = cause.cause;
  assert.ok(cause instanceof ApplicationFailure);
  return cause;
}

export async function failureOf(run: AnyRun): Promise<string> {
  return (await failure(run)).message;
}

export async function failureTypeOf(run: AnyRun): Promise<string | null | undefined> {
  return (await failure(run)).type;
}
