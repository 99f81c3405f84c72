import {
  condition,
  defineSignal,
  proxyActivities,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { ActActivities, DecideActivities } from '../../../activities/contract.ts';
import { clusterQueue } from '../../../workflows/messages.ts';

/** A workflow that is nothing but the worker's own promises: queues, heartbeats, search attributes, a wait. */
export const go = defineSignal('go');

interface ProbeInput {
  /** Whose queue is asked. */
  queue: string;
  /** Which cluster is named in the request. */
  cluster: string;
  /** Wait for the signal `go` first. */
  wait?: boolean;
}

export async function Probe({ queue, cluster, wait = false }: ProbeInput): Promise<string> {
  let going = !wait;
  setHandler(go, () => {
    going = true;
  });
  upsertSearchAttributes({ ClusterId: [cluster], RunbookPhase: ['observing'] });
  const { diagnoseObservation } = proxyActivities<DecideActivities>({ startToCloseTimeout: '5s' });
  const findings = await diagnoseObservation({ observation: {} as never, open: {} as never });
  await condition(() => going);
  const { restartKubelet } = proxyActivities<ActActivities>({
    taskQueue: clusterQueue(queue),
    startToCloseTimeout: '60s',
    heartbeatTimeout: '5s',
    retry: { initialInterval: '100ms' },
  });
  const { sentence } = await restartKubelet({ cluster, node: 'master-1', runId: 'run', attempt: 1 });
  return `${findings.length} findings; ${sentence}`;
}

/** Is woken by a message that never comes back, as by a task that gets no processor: its next line is left to be done. */
export async function Spin(): Promise<void> {
  await new Promise<void>((wake) => {
    setHandler(go, () => {
      wake();
      for (;;);
    });
  });
  upsertSearchAttributes({ RunbookPhase: ['closed'] });
}
