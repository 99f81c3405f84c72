import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  setCurrentDetails,
  upsertMemo,
  upsertSearchAttributes,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import { brakeMemo, type BrakeRequest, type BrakeState } from '../domain/brake.ts';
import { judgePause, pausePayload, renderBrake } from '../domain/brake-words.ts';
import type { SearchAttributeName } from '../domain/search-attributes.ts';
import { brakeWorkflowId } from './messages.ts';
import { listenForRelease, refuseCancel } from './steps/brake-release.ts';
import { verifiedPause } from './steps/brake-words.ts';
import { now, rendered } from './steps/run.ts';
import { randomnessSeed } from './steps/seed.ts';

/**
 * The brake of one cluster. While this workflow is open no run of the cluster begins another act; a `release` that counts
 * ends it. Where approvals are signed, a pause that is not ends it at once as failed: it never counted.
 */
export async function Brake(input: BrakeRequest): Promise<BrakeState> {
  const request = readPause(input);
  const state = openBrake(request);
  const seed = randomnessSeed();
  const show = () => setCurrentDetails(rendered(() => renderBrake(state)));
  listenForRelease(state, show);
  // A cancel request carries no name and no signature: it releases nothing.
  CancellationScope.current().cancelRequested.catch(() => refuseCancel(state, show));
  return await CancellationScope.nonCancellable(async () => {
    show();
    const { mode, proof } = await verifiedPause(request);
    state.mode = mode;
    state.phase = 'on';
    if (proof) state.brake.proof = proof;
    upsertMemo({ [brakeMemo]: state.brake });
    mark(request.cluster, 'paused');
    show();
    await condition(() => state.released !== undefined);
    await condition(allHandlersFinished);
    // Reset, an old brake plays its old release again, and would end as the newest one; failed, it takes nothing back.
    if (randomnessSeed() !== seed)
      throw ApplicationFailure.nonRetryable(
        'this brake was reset, so its release may be an old one: pause again, then resume',
        'BrakeReset',
      );
    mark(request.cluster, 'released');
    show();
    return state;
  });
}

function readPause(input: unknown): BrakeRequest {
  const judged = judgePause(input);
  if ('refused' in judged)
    throw ApplicationFailure.nonRetryable(`Expected ${judged.expected}\n${judged.sentence}`, judged.refused);
  const { cluster } = judged.counts;
  const { workflowId } = workflowInfo();
  if (workflowId === brakeWorkflowId(cluster)) return judged.counts;
  const sentence = `expected the workflow id ${brakeWorkflowId(cluster)}, got ${workflowId}: no run would look there`;
  throw ApplicationFailure.nonRetryable(
    `${sentence}. Input is for example ${pausePayload(cluster)}`,
    'BadRequest',
  );
}

function openBrake({ cluster, by, reason }: BrakeRequest): BrakeState {
  const { workflowId, firstExecutionRunId } = workflowInfo();
  return {
    cluster,
    workflow: workflowId,
    firstRun: firstExecutionRunId,
    nonce: uuid4(),
    mode: 'none',
    phase: 'verifying',
    brake: { by, reason, since: now() },
    refused: [],
    refusedCount: 0,
  };
}

/** Its row in the Web UI's list. */
function mark(cluster: string, stands: 'paused' | 'released'): void {
  upsertSearchAttributes([
    { key: keyword('ClusterId'), value: cluster },
    { key: keyword('IncidentState'), value: stands },
  ]);
}

function keyword(name: SearchAttributeName) {
  return defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);
}
