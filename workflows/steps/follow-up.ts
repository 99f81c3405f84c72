import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  getExternalWorkflowHandle,
  ParentClosePolicy,
  startChild,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import type { KubeletPlan } from '../../domain/plan.ts';
import { followUpWorkflowId, recoveredSignal, type FollowUpInput } from '../messages.ts';
import type { Run } from './run.ts';
import type { StepReport } from './step-runner.ts';

/** Opens the watch over one node. One that is open already is told to begin anew: the certificate is another one. */
export async function keepWatch(
  { request }: Run,
  { cluster, target, pins }: KubeletPlan,
): Promise<StepReport> {
  const workflowId = followUpWorkflowId(cluster, target);
  const lent = pins.rung === 'R4b';
  const input: FollowUpInput = { cluster, node: target, requester: request.requester, lent };
  try {
    await startChild('KubeletFollowUp', {
      workflowId,
      args: [input],
      // It outlives the run, which gives the lock back.
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      staticSummary: `KubeletFollowUp ${cluster}: ${target}`,
      staticDetails: `Watches over ${target} without the lock of ${cluster}, until its kubelet is itself and has renewed its certificate by itself.`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    // Should it end at this very moment, the step fails, and a retry opens another.
    await getExternalWorkflowHandle(workflowId).signal(recoveredSignal, { lent });
    return { changed: true, sentence: `${workflowId} was open already, and watches anew over ${target}` };
  }
  return { changed: true, sentence: `${workflowId} keeps watch over ${target}` };
}
