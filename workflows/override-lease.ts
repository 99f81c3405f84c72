import {
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import { leaseEndingMemo, type Lease } from '../domain/lease.ts';
import {
  judgeLeaseRequest,
  renderLease,
  type LeaseEnd,
  type LeaseEnding,
  type LeaseRequest,
  type LeaseState,
} from '../domain/lease-state.ts';
import { leaseStateQuery, releasedSignal } from './messages.ts';
import { labelled } from './steps/activities.ts';
import { describeFailure } from './steps/failures.ts';
import { leaseHands, ownerWatch } from './steps/lease-hands.ts';
import { beginLook } from './steps/looking.ts';
import { rendered } from './steps/run.ts';

const lookAgainAfterMs = 30_000;
const tryAgainAfterMs = 15_000;

/**
 * The watchdog of one lease, and the only one who puts it back. Opened before the setting is changed; ends when its owner
 * has released it, when the owner's run is over, however it ended, or at the deadline. Asks for no approval and obeys no
 * brake, because it only ever makes things as they were; and does not give up while that has not happened.
 */
export async function OverrideLease(input: LeaseRequest): Promise<LeaseState> {
  const request = readRequest(input);
  const { cluster, target, owner, deadline } = request;
  const lease: Lease = { target, id: workflowInfo().firstExecutionRunId, owner, deadline };
  const state: LeaseState = { ...lease, cluster, phase: 'watching' };
  setHandler(leaseStateQuery, () => state, { description: 'Everything about this lease, as data.' });
  setHandler(releasedSignal, () => void (state.because ??= 'released'), {
    description: 'Put back what the lease changed, now. No input.',
  });
  // Not a way to get rid of the watchdog: whoever cancels it gets what it is there for.
  CancellationScope.current().cancelRequested.catch(() => void (state.because ??= 'cancelled'));
  return await CancellationScope.nonCancellable(async () => {
    enter(state, 'watching');
    state.because = request.because ?? (await endingOf(state));
    state.end = await finish(state, lease, request);
    enter(state, 'over');
    return state;
  });
}

function readRequest(input: unknown): LeaseRequest {
  const judged = judgeLeaseRequest(input, workflowInfo().workflowId, Date.now());
  if (!('wrong' in judged)) return judged;
  throw ApplicationFailure.nonRetryable(
    `${judged.wrong}. A lease is opened by the run that needs it, not by hand`,
    'BadRequest',
  );
}

/** Waits. Temporal that does not answer about the owner is no end of it: then the deadline is. */
async function endingOf(state: LeaseState): Promise<LeaseEnding> {
  const forMs = Math.max(1, Date.parse(state.deadline) - Date.now());
  const owner = beginLook(() =>
    ownerWatch.awaitRunOver.executeWithOptions(labelled(`Is ${state.owner.workflow} over?`), [
      { ...state.owner, forMs },
    ]),
  );
  const isOver = () => owner.result !== undefined && 'value' in owner.result && owner.result.value.over;
  await condition(() => state.because !== undefined || isOver(), forMs, {
    summary: 'The deadline of the lease',
  });
  owner.stop();
  return state.because ?? (isOver() ? 'owner-over' : 'deadline');
}

/**
 * From here on nothing sets this lease any more: the memo stands before the object is read. Only an attempt that had already
 * been let through, and finds the object untouched, could still set it; so where there was nothing to put back, the
 * watchdog waits for longer than such an attempt lives, and looks again.
 */
async function finish(state: LeaseState, lease: Lease, request: LeaseRequest): Promise<LeaseEnd> {
  upsertMemo({ [leaseEndingMemo]: state.because });
  enter(state, 'putting-back');
  const first = await putBack(state, lease, request);
  if (first.changed) return first;
  enter(state, 'looking-again');
  await sleep(request.lookAgainMs ?? lookAgainAfterMs, { summary: 'Before looking once more' });
  const second = await putBack(state, lease, request);
  return second.changed ? second : first;
}

/** For as long as it takes: an API server that is away for a night is no reason to leave a guard switched off. */
async function putBack(state: LeaseState, lease: Lease, request: LeaseRequest): Promise<LeaseEnd> {
  const { cluster } = state;
  for (;;) {
    try {
      return await leaseHands(cluster).patient.restoreLease.executeWithOptions(
        labelled(`Put back ${lease.target}`),
        [{ cluster, lease }],
      );
    } catch (error) {
      state.lastError = describeFailure(error).message;
      enter(state, state.phase);
    }
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof OverrideLease>({ ...request, because: state.because! });
    await sleep(tryAgainAfterMs, { summary: 'Before trying again to put back' });
  }
}

function enter(state: LeaseState, phase: LeaseState['phase']): void {
  state.phase = phase;
  setCurrentDetails(rendered(() => renderLease(state)));
}
