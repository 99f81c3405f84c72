import type { RunRef, TemporalPlace } from './gateway.ts';

/** The run's page in the Web UI that shows the plan, what the run waits for, and the vote ready to paste; undefined when the Web UI's address is not known (set CPR_WEB_UI). */
export function runPage({ webUi, namespace }: TemporalPlace, run: RunRef): string | undefined {
  if (webUi === undefined) return undefined;
  const id = encodeURIComponent(run.workflowId);
  return `${webUi}/namespaces/${namespace}/workflows/${id}/${run.runId}/user-metadata`;
}
