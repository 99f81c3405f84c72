import { runbookQueue, type HealthCheckInput, type HealthCheckResult } from '../../workflows/messages.ts';
import { failure } from '../failure.ts';
import type { Patience } from '../gateway.ts';
import { seconds, within } from '../patience.ts';
import type { Session } from './connect.ts';
import { translated } from './errors.ts';
import { shortId } from './recoveries.ts';

/** One look through the cluster's worker. It proposes nothing and changes nothing. */
export async function diagnose(
  session: Session,
  cluster: string,
  patience: Patience,
): Promise<HealthCheckResult> {
  const input: HealthCheckInput = { cluster, propose: false };
  const workflowId = `diagnose/${cluster}/${shortId()}`;
  const attempt = { place: session.place, cluster, doing: `look at ${cluster}` };
  return translated(attempt, async () => {
    const handle = await session.client.workflow.start('HealthCheck', {
      workflowId,
      taskQueue: runbookQueue,
      args: [input],
      // Nobody reads the answer any more after that; an unanswered look must not stay open for ever.
      workflowExecutionTimeout: patience.timeoutMs + 30_000,
      staticSummary: `Look at ${cluster}; changes nothing`,
    });
    return within(
      patience,
      () => handle.result() as Promise<HealthCheckResult>,
      () =>
        failure('TimedOut', {
          what: `No answer about ${cluster} within ${seconds(patience.timeoutMs)}.`,
          where: workflowId,
          next: `Its history in the Web UI shows where it waits. Was the worker for cluster/${cluster} killed just now?`,
        }),
    );
  });
}
