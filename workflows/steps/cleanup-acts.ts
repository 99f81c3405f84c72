import { ApplicationFailure } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import type { RunRef } from '../../activities/contract.ts';
import type { LeaseTargetName } from '../../domain/lease.ts';
import type { CleanupPlan } from '../../domain/plan.ts';
import type { Hands } from './activities.ts';
import { leaseHands } from './lease-hands.ts';
import type { StepReport } from './step-runner.ts';

/** Each script works in the name of the run that it is about: it finds that run's backup, and knows its files. */
function inNameOf({ cluster, target, pins }: CleanupPlan, runId: string): RunRef {
  return { cluster, node: target, runId, scripts: pins.scripts };
}

export function conclude(
  { act }: Hands,
  plan: CleanupPlan,
  runId: string,
  label: ActivityOptions,
): Promise<StepReport> {
  return act.concludeRun.executeWithOptions(label, [{ ...inNameOf(plan, runId), how: 'cleaned up' }]);
}

export function replaceCredential(
  { act }: Hands,
  plan: CleanupPlan,
  label: ActivityOptions,
): Promise<StepReport> {
  const { bootstrap } = plan.pins;
  if (!bootstrap) throw ApplicationFailure.nonRetryable('the plan pins no credential', 'PreconditionFailed');
  const { runId, aborted, server, caSha256 } = bootstrap;
  const left = inNameOf(plan, runId);
  if (aborted) return act.restoreKubeletBackup.executeWithOptions(label, [left]);
  return act.installDurableBootstrap.executeWithOptions(label, [{ ...left, server, caSha256 }]);
}

/** By the very lease that was approved: another one's setting, or a person's, is not touched. */
export async function putBackLease(
  plan: CleanupPlan,
  target: LeaseTargetName,
  label: ActivityOptions,
): Promise<StepReport> {
  const { cluster, pins } = plan;
  const left = pins.leases.find(({ lease }) => lease.target === target);
  if (!left)
    throw ApplicationFailure.nonRetryable(`the plan pins no lease of ${target}`, 'PreconditionFailed');
  const { lease } = left;
  const end = await leaseHands(cluster).brief.restoreLease.executeWithOptions(label, [{ cluster, lease }]);
  if (!end.keyRemains) return { changed: end.changed, sentence: end.sentence };
  throw ApplicationFailure.nonRetryable([end.sentence, ...end.evidence].join('; '), 'LeaseForeign');
}

/** In the name of each of those runs: only its own word goes. */
export async function resume(
  { act }: Hands,
  { cluster, pins: { pauses = [] } }: CleanupPlan,
  label: ActivityOptions,
): Promise<StepReport> {
  const reports: StepReport[] = [];
  for (const { runs, ...remediator } of pauses)
    for (const runId of runs)
      reports.push(
        await act.resumeRemediators.executeWithOptions(label, [
          { cluster, pins: { runId, remediators: [remediator] } },
        ]),
      );
  return {
    changed: reports.some(({ changed }) => changed),
    sentence: reports.map(({ sentence }) => sentence).join('; '),
  };
}
