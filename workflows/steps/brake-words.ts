import { ApplicationFailure, proxyActivities } from '@temporalio/workflow';
import type { ApproveActivities, ObserveActivities } from '../../activities/contract.ts';
import type { BrakeRequest } from '../../domain/brake.ts';
import { pauseValidityMs } from '../../domain/brake.ts';
import { signedRefusal } from '../../domain/brake-words.ts';
import type { ApprovalMode } from '../../domain/policy.ts';
import type { Proof, Subject } from '../../domain/statement.ts';
import { brakeWorkflowId, clusterQueue } from '../messages.ts';
import { labelled } from './activities.ts';
import { now } from './run.ts';

/** Whether the word of whoever puts the brake on counts. Throws, with the refusal's name, when it does not. */
export async function verifiedPause(request: BrakeRequest): Promise<{ mode: ApprovalMode; proof?: Proof }> {
  const { cluster } = request;
  const mode = await modeOf(cluster);
  if (mode !== 'signed') return { mode };
  const subject: Subject = {
    kind: 'pause',
    cluster,
    workflow: brakeWorkflowId(cluster),
    // It is signed before there is a run whose id and nonce it could name.
    firstRun: '',
    plan: '',
    nonce: request.nonce ?? '',
  };
  return { mode, proof: await proved(request, subject, pauseValidityMs) };
}

/** Throws when the statement is not about `subject` now, or its signature proves nothing. */
async function proved(said: BrakeRequest, subject: Subject, validForMs: number): Promise<Proof> {
  const refusal = signedRefusal(said, subject, now(), validForMs);
  if (refusal) throw ApplicationFailure.nonRetryable(refusal.sentence, refusal.refused);
  const { signature = '', ...statement } = said;
  const { cluster } = subject;
  const verdict = await approverOf(cluster).verifyStatement.executeWithOptions(
    labelled(`Verify the signature of ${said.by}`),
    [{ cluster, statement: { ...statement }, signature }],
  );
  if (verdict.valid) return verdict.proof;
  throw ApplicationFailure.nonRetryable(verdict.sentence, verdict.refused);
}

/** As the inventory next to the cluster's credentials says. Asked for as long as it takes: until then the runs hold. */
async function modeOf(cluster: string): Promise<ApprovalMode> {
  const { policy } = await approverOf(cluster).readPolicy.executeWithOptions(
    labelled('How do words count here?'),
    [{ cluster }],
  );
  return policy.approvals;
}

/** For as long as it takes too: runs hold until it is known whether the pause counts. */
function approverOf(cluster: string) {
  return proxyActivities<Pick<ObserveActivities, 'readPolicy'> & ApproveActivities>({
    taskQueue: clusterQueue(cluster),
    startToCloseTimeout: '30s',
    retry: { initialInterval: '500ms', maximumInterval: '10s', nonRetryableErrorTypes: ['UnknownCluster'] },
  });
}
