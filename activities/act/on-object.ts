import type { JsonPatch } from '../../domain/lease-rules.ts';
import { createBudget, noLimits } from '../connections/budget.ts';
import type { ClusterConnection } from '../connections/cluster.ts';
import { connectTo } from '../connections/cluster-api.ts';
import type { Kubernetes } from '../connections/kubernetes.ts';
import type { NodeLane } from '../connections/node-lane.ts';
import { isConflict } from '../connections/kubernetes-errors.ts';
import { patchObject } from '../connections/writes.ts';
import { failure, isFailure } from '../failure.ts';
import { pause } from '../heartbeat.ts';

/** The operator writes its status into the same object, in bursts; each of them costs one more read. */
const MOST_TRIES = 10;
const PAUSE_MS = 200;

export interface Reach {
  cluster: ClusterConnection;
  lane: NodeLane;
  signal: AbortSignal;
}

/** Reads and writes again when the object changed between the two, a bounded number of times. */
export async function onObject<T>(
  { cluster, lane, signal }: Reach,
  attempt: (api: Kubernetes) => Promise<T>,
): Promise<T> {
  const api = await connectTo(cluster, lane, { budget: createBudget(noLimits()), signal });
  try {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt(api);
      } catch (error) {
        if (!isConflict(error)) throw error;
        if (tries === MOST_TRIES)
          throw failure('ApiUnreachable', 'the object changes too fast to be written');
        await pause(PAUSE_MS, signal);
      }
    }
  } finally {
    api.close();
  }
}

/** A lost answer is resolved by reading back, never by sending again. */
export async function patchOnce(
  api: Kubernetes,
  path: string,
  content: JsonPatch,
  hasHappened: () => Promise<boolean>,
): Promise<void> {
  await once(() => patchObject(api, path, content), hasHappened);
}

export async function once(send: () => Promise<unknown>, hasHappened: () => Promise<boolean>): Promise<void> {
  try {
    await send();
  } catch (error) {
    if (!isFailure(error, 'ApiUnreachable') || !(await hasHappened().catch(() => false))) throw error;
  }
}
