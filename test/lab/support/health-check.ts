import type { HealthCheckResult } from '../../../workflows/messages.ts';
import { runbookQueue } from '../../../workflows/messages.ts';
import type { HealthCheck } from '../../../workflows/health-check.ts';
import type { Stage } from './stage.ts';

export type { HealthCheckResult };

/** Only looks, as `cpr diagnose` does. */
export function healthCheckWorkflow({ lab, temporal }: Stage): Promise<HealthCheckResult> {
  return temporal.client.workflow.execute<typeof HealthCheck>('HealthCheck', {
    workflowId: `diagnosis-${Date.now()}`,
    taskQueue: runbookQueue,
    args: [{ cluster: lab.name, propose: false }],
  });
}
