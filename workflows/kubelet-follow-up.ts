import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ApplicationFailure,
  condition,
  continueAsNew,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
  startChild,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import type { Debt } from '../domain/kubelet/debt.ts';
import { plain } from '../domain/markdown.ts';
import type { RecoveryRequest } from '../domain/run.ts';
import {
  debtQuery,
  recoveredSignal,
  recoveryWorkflowId,
  type FollowUpInput,
  type FollowUpState,
} from './messages.ts';
import { decisions, handsOn, labelled } from './steps/activities.ts';
import { describeFailure } from './steps/failures.ts';

/** What a recovery has just proved needs no look at once. */
const firstMs = 20_000;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** Of a certificate that lives a month the first renewal comes after three weeks; a look a day shows what else becomes of it. */
const watchMs = { least: 6 * hourMs, most: 24 * hourMs };
const looksAtMost = 20;

/**
 * Watches over one node after a recovery, without the lock of its cluster: until cluster-admin, where it was lent, is gone, and
 * until the kubelet has renewed its certificate by itself. It changes nothing. Where something was lent and can be taken back it
 * opens the recovery, which takes the lock and asks for its own approval; and opens it again when that one ended without doing
 * it. What else it sees on the node is the health check's business.
 */
export async function KubeletFollowUp(input: FollowUpInput): Promise<FollowUpState> {
  const state = begin(input);
  // Counts recoveries of this node: what was seen before the newest one is nothing to go by.
  let recoveries = 0;
  setHandler(debtQuery, () => state, { description: 'What is still owed on this node, as data.' });
  setHandler(recoveredSignal, (recovered) => {
    recoveries += 1;
    // It may come from a person's hand, and without what belongs to it.
    Object.assign(state, { lent: isLent(recovered), debt: unseen });
    delete state.first;
    tell(state);
  });
  for (let looks = 1; ; looks++) {
    const since = recoveries;
    const isNew = () => recoveries !== since;
    if (await condition(isNew, pauseMs(state), { summary: 'Before looking again' })) continue;
    const debt = await look(state);
    if (isNew()) continue;
    state.debt = debt;
    if (debt.certificate !== undefined) {
      const isFirst = state.first === undefined || debt.state === 'watching';
      if (isFirst) state.first = debt.certificate;
    }
    tell(state);
    if (debt.state === 'paid') return state;
    if (debt.state === 'owed' && state.lent) await propose(state, input.requester);
    if (looks >= looksAtMost || workflowInfo().continueAsNewSuggested) await goOn(state, input.requester);
  }
}

function isLent(recovered: unknown): boolean {
  return (
    typeof recovered === 'object' && recovered !== null && 'lent' in recovered && recovered.lent === true
  );
}

const unseen: Debt = { state: 'waiting', because: 'nobody has looked yet' };

/** Right after a recovery there is nothing to see yet; a debt is asked for often, a renewal comes after days. */
function pauseMs({ debt, lent, first }: FollowUpState): number {
  if (debt === unseen) return first === undefined ? firstMs : watchMs.least;
  if (debt.state === 'watching') {
    const left = Date.parse(debt.notBefore ?? '') - Date.now();
    return Math.min(Math.max(left || 0, watchMs.least), watchMs.most);
  }
  if (!lent) return hourMs;
  return (debt.state === 'owed' ? 15 : 5) * minuteMs;
}

async function look({ cluster, node, first }: FollowUpState): Promise<Debt> {
  try {
    const observation = await handsOn(cluster).observe.observeControlPlane.executeWithOptions(
      labelled(`Look at ${node}`),
      [{ cluster }],
    );
    return await decisions.judgeDebt.executeWithOptions(labelled('What is owed?'), [
      { observation, node, ...(first === undefined ? {} : { first }) },
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

function goOn({ cluster, node, lent, first, proposals }: FollowUpState, requester: string): Promise<never> {
  const seen = first === undefined ? {} : { first };
  return continueAsNew<typeof KubeletFollowUp>({ cluster, node, requester, lent, proposals, ...seen });
}

function tell({ node, debt, proposals }: FollowUpState): void {
  const asked = proposals === 0 ? '' : ` Asked for it ${proposals} times.`;
  setCurrentDetails(`**${debt.state}** ${plain(node)}: ${plain(debt.because, 500)}.${asked}`);
}

function begin(input: unknown): FollowUpState {
  const given = (typeof input === 'object' && input !== null ? input : {}) as Partial<FollowUpInput>;
  const { cluster, node, lent, first, proposals = 0 } = given;
  if (typeof cluster !== 'string' || cluster === '' || typeof node !== 'string' || node === '')
    throw ApplicationFailure.nonRetryable(
      'Input is for example {"cluster":"prod-eu-1","node":"master-1","requester":"you"}',
      'BadRequest',
    );
  const seen = first === undefined ? {} : { first };
  return { cluster, node, lent: lent === true, debt: unseen, proposals, ...seen };
}
