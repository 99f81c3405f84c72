import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ParentClosePolicy, startChild, WorkflowIdReusePolicy } from '@temporalio/workflow';
import type { KubeletPlan } from '../../domain/plan.ts';
import { followUpWorkflowId, type FollowUpInput } from '../messages.ts';
import type { Run } from './run.ts';
import type { StepReport } from './step-runner.ts';

/** Opens the watch over one node. One that is open already watches the same thing. */
export async function keepDebt({ request }: Run, { cluster, target }: KubeletPlan): Promise<StepReport> {
  const workflowId = followUpWorkflowId(cluster, target);
  const input: FollowUpInput = { cluster, node: target, requester: request.requester };
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
    return { changed: false, sentence: `${workflowId} was open already` };
  }
  return { changed: true, sentence: `${workflowId} keeps watch over ${target}` };
}
