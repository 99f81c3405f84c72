import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ApplicationFailure,
  continueAsNew,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
  sleep,
  startChild,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import type { Debt } from '../domain/kubelet/debt.ts';
import { plain } from '../domain/markdown.ts';
import type { RecoveryRequest } from '../domain/run.ts';
import { debtQuery, recoveryWorkflowId, type FollowUpInput, type FollowUpState } from './messages.ts';
import { decisions, handsOn, labelled } from './steps/activities.ts';
import { describeFailure } from './steps/failures.ts';

/** Right after a recovery there is nothing to see yet; a debt is asked for often, a renewal comes after days. */
const pauseMs: Record<Debt['state'], number> = {
  waiting: 5 * 60_000,
  owed: 15 * 60_000,
  watching: 6 * 3_600_000,
  paid: 0,
};
const looksAtMost = 20;

/**
 * Watches over one node after a recovery, without the lock of its cluster: until cluster-admin, where it was lent, is gone, and
 * until the kubelet has renewed its certificate by itself. It changes nothing. Where something is owed and can be done it opens
 * the recovery, which takes the lock and asks for its own approval; and opens it again when that one ended without doing it.
 */
export async function KubeletFollowUp(input: FollowUpInput): Promise<FollowUpState> {
  const { cluster, node } = readInput(input);
  const state: FollowUpState = {
    cluster,
    node,
    debt: { state: 'waiting', because: 'nobody has looked yet' },
    proposals: input.proposals ?? 0,
    ...(input.serial === undefined ? {} : { serial: input.serial }),
  };
  setHandler(debtQuery, () => state, { description: 'What is still owed on this node, as data.' });
  for (let looks = 1; ; looks++) {
    await sleep(looks === 1 && input.serial === undefined ? 60_000 : pauseMs[state.debt.state], {
      summary: 'Before looking again',
    });
    state.debt = await look(state);
    if (state.debt.serial !== undefined) state.serial ??= state.debt.serial;
    tell(state);
    if (state.debt.state === 'paid') return state;
    if (state.debt.state === 'owed') await propose(state, input.requester);
    if (looks >= looksAtMost || workflowInfo().continueAsNewSuggested) await goOn(state, input.requester);
  }
}

async function look({ cluster, node, serial }: FollowUpState): Promise<Debt> {
  try {
    const observation = await handsOn(cluster).observe.observeControlPlane.executeWithOptions(
      labelled(`Look at ${node}`),
      [{ cluster }],
    );
    return await decisions.judgeDebt.executeWithOptions(labelled('What is owed?'), [
      { observation, node, ...(serial === undefined ? {} : { serial }) },
    ]);
  } catch (error) {
    return { state: 'waiting', because: describeFailure(error).message };
  }
}

/** The graduation asks for its own vote: who lent cluster-admin is told each time that it is still there. */
async function propose(state: FollowUpState, requester: string): Promise<void> {
  const { cluster, node } = state;
  const request: RecoveryRequest = { cluster, node, requester, origin: 'health-check' };
  try {
    await startChild('KubeletAuthRecovery', {
      workflowId: recoveryWorkflowId(cluster),
      args: [request],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      staticSummary: `KubeletAuthRecovery ${cluster}: ${node}`,
      staticDetails: `Owed since a recovery of ${node}: ${plain(state.debt.because)}`,
    });
    state.proposals += 1;
  } catch (error) {
    // The lock is somebody's: it is asked again at the next look.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  tell(state);
}

function goOn({ cluster, node, serial, proposals }: FollowUpState, requester: string): Promise<never> {
  return continueAsNew<typeof KubeletFollowUp>({
    cluster,
    node,
    requester,
    proposals,
    ...(serial === undefined ? {} : { serial }),
  });
}

function tell({ node, debt, proposals }: FollowUpState): void {
  const asked = proposals === 0 ? '' : ` Asked for it ${proposals} times.`;
  setCurrentDetails(`**${debt.state}** ${plain(node)}: ${plain(debt.because, 500)}.${asked}`);
}

function readInput(input: unknown): { cluster: string; node: string } {
  const { cluster, node } = (typeof input === 'object' && input !== null ? input : {}) as Record<
    string,
    unknown
  >;
  if (typeof cluster === 'string' && cluster !== '' && typeof node === 'string' && node !== '')
    return { cluster, node };
  throw ApplicationFailure.nonRetryable(
    'Input is for example {"cluster":"prod-eu-1","node":"master-1","requester":"you"}',
    'BadRequest',
  );
}
