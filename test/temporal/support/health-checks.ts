import { randomUUID } from 'node:crypto';
import type { HealthCheck } from '../../../workflows/health-check.ts';
import { recoveryWorkflowId, runbookQueue, type HealthCheckResult } from '../../../workflows/messages.ts';
import type { Recoveries, Recovery } from './recoveries.ts';

/** One check of that cluster, now. */
export function checkHealth(
  { temporal }: Recoveries,
  cluster: string,
  propose = true,
): Promise<HealthCheckResult> {
  return temporal.client.workflow.execute<typeof HealthCheck>('HealthCheck', {
    workflowId: `health-check/${cluster}/${randomUUID()}`,
    taskQueue: runbookQueue,
    args: [{ cluster, propose }],
  });
}

/** The newest run of the cluster, whoever started it. */
export function latestRun({ temporal }: Recoveries, cluster: string): Recovery {
  return temporal.client.workflow.getHandle(recoveryWorkflowId(cluster)) as Recovery;
}

export function codesOf({ findings }: HealthCheckResult): string[] {
  return findings.map(({ code }) => code);
}
