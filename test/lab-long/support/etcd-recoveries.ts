import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RecoveryRequest, RunState } from '../../../domain/run.ts';
import { recoveryWorkflowId, runbookQueue, stateQuery } from '../../../workflows/messages.ts';
import type { EtcdRecovery } from '../../../workflows/etcd-recovery.ts';
import { openStage, type Stage } from '../../lab/support/stage.ts';
import type { Recovery } from '../../temporal/support/recoveries.ts';

/** Of a run: two looks two minutes apart, the operator's own time, and a machine that does other things too. */
const MINUTES_TO_GATE = 12;

/**
 * A stage whose cluster has the operator's patience and none of a person's. `policy`: of `policy.etcd`; `more`: of the cluster's
 * entry in the inventory.
 */
export function openEtcdStage(policy: Record<string, unknown> = {}, more: object = {}): Promise<Stage> {
  const etcd = { seenFor: '2m', operatorGrace: '0s', patience: '15m', machinePatience: '15m', ...policy };
  return openStage((cluster) => {
    cluster.policy = { gateDeadline: '30m', reobserveEvery: '30s', soak: '5s', etcd };
    Object.assign(cluster, more);
  });
}

export function recoverEtcd(
  { temporal, lab }: Stage,
  request: Partial<RecoveryRequest> = {},
): Promise<Recovery> {
  return temporal.client.workflow.start<typeof EtcdRecovery>('EtcdRecovery', {
    workflowId: recoveryWorkflowId(lab.name),
    taskQueue: runbookQueue,
    args: [{ requester: 'ada', origin: 'cli', cluster: lab.name, ...request }],
  });
}

/** The first state for which it holds. A run that ends or blocks before is an error that says how. */
export async function untilRun(
  recovery: Recovery,
  what: string,
  holds: (state: RunState) => boolean,
  minutes = MINUTES_TO_GATE,
): Promise<RunState> {
  const deadline = Date.now() + minutes * 60_000;
  for (;;) {
    const state = await recovery.query(stateQuery).catch(() => undefined);
    if (state && holds(state)) return state;
    if (state?.outcome) throw new Error(`${what}: the run ended before: ${JSON.stringify(state.outcome)}`);
    if (state?.blocked) throw new Error(`${what}: blocked before: ${state.blocked.error}`);
    if (Date.now() > deadline)
      throw new Error(`${what}: not yet: ${JSON.stringify(state?.timeline, null, 1)}`);
    await sleep(500);
  }
}

export function untilEtcdGate(recovery: Recovery): Promise<RunState> {
  return untilRun(recovery, 'the gate', ({ phase, gate }) => phase === 'waiting-for-approval' && !!gate);
}

/** Seconds of each step, for the record. */
export function stepTimes({ steps }: RunState): string {
  return steps
    .filter(({ startedAt, endedAt }) => startedAt && endedAt)
    .map(({ id, state, startedAt = '', endedAt = '' }) => {
      const seconds = (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
      return `${id} ${seconds.toFixed(1)} s${state === 'done' ? '' : ` (${state})`}`;
    })
    .join(', ');
}

export function assertHealed({ outcome }: { outcome: { status: string; sentence: string } }): void {
  assert.equal(outcome.status, 'healed', outcome.sentence);
}
