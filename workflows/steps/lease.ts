import {
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowCancellationType,
  condition,
  ParentClosePolicy,
  startChild,
  workflowInfo,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import type { ChildWorkflowHandle } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { leaseTargets, watchdogId, type Lease, type LeaseTargetName } from '../../domain/lease.ts';
import type { LeaseEnd } from '../../domain/lease-state.ts';
import { releasedSignal } from '../messages.ts';
import type { OverrideLease } from '../override-lease.ts';
import { labelled } from './activities.ts';
import { leaseHands } from './lease-hands.ts';
import { beginLook } from './looking.ts';
import type { Run } from './run.ts';

type Watchdog = ChildWorkflowHandle<typeof OverrideLease>;

export interface LeaseTerms {
  target: LeaseTargetName;
  /** After this the setting is put back whatever happens; an hour at most. */
  holdMs: number;
  /** How long an earlier lease of the cluster is waited for. Absent: a minute. */
  waitMs?: number;
  /** As in `LeaseRequest`. */
  lookAgainMs?: number;
}

export interface Leased<T> {
  /** What the work brought; absent when the run was aborted before it was done. */
  done?: { value: T };
  end: LeaseEnd;
}

/**
 * Does the work while the setting stands, and leaves nothing of it, however the work ends: done, failed, aborted, out of
 * time, or not at all because this run or its worker died. The watchdog is open before the setting is changed, and it is the
 * watchdog that puts it back.
 *
 * Throws what the work throws; `LeaseOpen` while another lease of the cluster has not been put back, `LeaseForeign` when
 * somebody else's word stands there, `LeaseOver` when the time ran out.
 */
export async function underLease<T>(
  run: Pick<Run, 'request' | 'abort'>,
  terms: LeaseTerms,
  work: () => Promise<T>,
): Promise<Leased<T>> {
  const { cluster } = run.request;
  const { watchdog, lease } = await openWatchdog(run, terms);
  const worked = await attempt(run, lease, work);
  const end = await CancellationScope.nonCancellable(() => putBack(watchdog, cluster, lease));
  if ('failed' in worked) throw worked.failed;
  if (end.keyRemains) throw leaseFailure('LeaseForeign', `${end.sentence}: ${end.evidence.join('; ')}`);
  return { ...worked, end };
}

/** A child that outlives its parent: begun, in Temporal's own records, before anything is changed. */
async function openWatchdog(
  run: Pick<Run, 'request' | 'abort'>,
  { target, holdMs, waitMs = 60_000, lookAgainMs }: LeaseTerms,
): Promise<{ watchdog: Watchdog; lease: Lease }> {
  const { cluster } = run.request;
  const { workflowId, runId } = workflowInfo();
  const owner = { workflow: workflowId, run: runId };
  const giveUpAt = Date.now() + waitMs;
  for (;;) {
    const deadline = new Date(Date.now() + holdMs).toISOString();
    const terms = { cluster, target, owner, deadline, ...(lookAgainMs === undefined ? {} : { lookAgainMs }) };
    try {
      const watchdog = await startChild<typeof OverrideLease>('OverrideLease', {
        workflowId: watchdogId(cluster),
        args: [terms],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        cancellationType: ChildWorkflowCancellationType.ABANDON,
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        staticSummary: `Lease of ${target} on ${cluster}`,
        staticDetails: `Puts ${leaseTargets[target].key} back, at ${deadline} at the latest, or as soon as ${workflowId} is over.`,
      });
      return { watchdog, lease: { target, id: watchdog.firstExecutionRunId, owner, deadline } };
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      if (Date.now() >= giveUpAt || run.abort)
        throw leaseFailure('LeaseOpen', `${watchdogId(cluster)} has not put an earlier lease back yet`);
      await condition(() => run.abort !== undefined, 2_000, {
        summary: 'An earlier lease is being put back',
      });
    }
  }
}

/** An abort does not wait for the work: it is stopped, and what it left undone is found by looking. */
async function attempt<T>(
  run: Pick<Run, 'request' | 'abort'>,
  lease: Lease,
  work: () => Promise<T>,
): Promise<{ done?: { value: T } } | { failed: unknown }> {
  const { cluster } = run.request;
  const { key } = leaseTargets[lease.target];
  const working = beginLook(async () => {
    const label = labelled(`Set ${key} until ${lease.deadline} at the latest`);
    await leaseHands(cluster).brief.setLease.executeWithOptions(label, [{ cluster, lease }]);
    return await work();
  });
  const leftMs = Math.max(1, Date.parse(lease.deadline) - Date.now());
  try {
    const isOver = () => working.result !== undefined || run.abort !== undefined;
    await condition(isOver, leftMs, { summary: 'The deadline of the lease' });
  } catch (error) {
    return { failed: error };
  }
  const { result } = working;
  if (result) return 'failed' in result ? result : { done: result };
  working.stop();
  return run.abort ? {} : { failed: leaseFailure('LeaseOver', `the time until ${lease.deadline} ran out`) };
}

const waitForWatchdogMs = 60_000;

/** By the watchdog; by ourselves where somebody has ended it, or it does not answer. */
async function putBack(watchdog: Watchdog, cluster: string, lease: Lease): Promise<LeaseEnd> {
  // It may have ended by itself, at the deadline: then there is nobody to tell, and its result says how.
  await watchdog.signal(releasedSignal).catch(() => {});
  const ending = beginLook(() => watchdog.result());
  await condition(() => ending.result !== undefined, waitForWatchdogMs, {
    summary: 'The watchdog puts the setting back',
  });
  const { result } = ending;
  if (result && 'value' in result && result.value.end) return result.value.end;
  const label = labelled(`Put back ${lease.target}, since its watchdog does not say that it has`);
  return await leaseHands(cluster).brief.restoreLease.executeWithOptions(label, [{ cluster, lease }]);
}

function leaseFailure(type: 'LeaseOpen' | 'LeaseForeign' | 'LeaseOver', message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, type);
}
