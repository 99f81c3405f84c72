import { ApplicationFailure, CancellationScope, proxyActivities } from '@temporalio/workflow';
import type { ApproveActivities, ObserveActivities } from '../../activities/contract.ts';
import type { BrakeRequest, BrakeRelease, BrakeState } from '../../domain/brake.ts';
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

/** The same for a release; it names the brake that it releases. */
export async function provedRelease(state: BrakeState, release: BrakeRelease): Promise<Proof | undefined> {
  if (state.mode !== 'signed') return undefined;
  const { cluster, workflow, firstRun, nonce } = state;
  return await proved(release, { kind: 'resume', cluster, workflow, firstRun, plan: '', nonce });
}

/** Throws when the statement is not about `subject` now, or its signature proves nothing. */
async function proved(
  said: BrakeRequest | BrakeRelease,
  subject: Subject,
  validForMs?: number,
): Promise<Proof> {
  const refusal = signedRefusal(said, subject, now(), validForMs);
  if (refusal) throw ApplicationFailure.nonRetryable(refusal.sentence, refusal.refused);
  const { signature = '', ...statement } = said;
  const { cluster } = subject;
  const label = labelled(`Verify the signature of ${said.by}`);
  // A cancel request, which releases nothing, must not keep everybody from being heard ever after.
  const verdict = await CancellationScope.nonCancellable(() =>
    approverOf(cluster).verifyStatement.executeWithOptions(label, [
      { cluster, statement: { ...statement }, signature },
    ]),
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

function approverOf(cluster: string) {
  return proxyActivities<Pick<ObserveActivities, 'readPolicy'> & ApproveActivities>({
    taskQueue: clusterQueue(cluster),
    startToCloseTimeout: '30s',
    retry: { initialInterval: '500ms', maximumInterval: '10s', nonRetryableErrorTypes: ['UnknownCluster'] },
  });
}
