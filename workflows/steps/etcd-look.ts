import type { ActivityOptions } from '@temporalio/workflow';
import { workflowInfo } from '@temporalio/workflow';
import { sightingOf } from '../../domain/etcd/assessment.ts';
import type { EtcdObservation } from '../../domain/etcd/observation.ts';
import { defaultEtcdPolicy, type EtcdPolicy } from '../../domain/etcd/policy.ts';
import type { Sighting } from '../../domain/etcd/sighting.ts';
import type { EtcdDecision } from '../../domain/etcd/verdict.ts';
import type { WaitReason } from '../../domain/verdict.ts';
import type { Hands } from './activities.ts';
import { now, type Run } from './run.ts';
import { tellWay } from './way.ts';

/** What one look leaves for the next one, and for the steps. */
export interface Memory {
  /** "Seen twice" is told from it. */
  sighting?: Sighting;
  /** The operator's newest revision when the run last looked before it acted: whatever is newer came meanwhile. */
  revision?: number;
  scripts?: Record<string, string>;
  policy?: EtcdPolicy;
  /** What the newest verdict that waits is about. */
  waitsFor?: WaitReason;
}

export function etcdPolicyOf({ policy }: Memory): EtcdPolicy {
  return policy ?? defaultEtcdPolicy;
}

/** A look that could not see the fault ends the time for which it was seen without a break. */
export async function observeEtcd(
  run: Run,
  { etcd }: Hands,
  memory: Memory,
  label: ActivityOptions,
): Promise<EtcdObservation> {
  const before = memory.sighting;
  const { cluster } = run.request;
  const input = { cluster, ...(before === undefined ? {} : { before }) };
  const observation = await etcd.observe.observeEtcd.executeWithOptions(label, [input]);
  tellWay(run, observation.api);
  const sighting = sightingOf(observation);
  if (sighting === undefined) delete memory.sighting;
  else memory.sighting = sighting;
  return observation;
}

export function decisionOn(run: Run, observation: EtcdObservation, memory: Memory): EtcdDecision {
  const { request, runId } = run;
  const { scripts = {} } = memory;
  return { observation, request, policy: etcdPolicyOf(memory), runId, scripts, owner: ownerOf(), now: now() };
}

/** As a lease names it: an override that this very run holds is no obstacle to it. */
function ownerOf(): { workflow: string; run: string } {
  const { workflowId, runId } = workflowInfo();
  return { workflow: workflowId, run: runId };
}
