import { CancellationScope, proxyActivities } from '@temporalio/workflow';
import type { ApproveActivities } from '../../activities/contract.ts';
import { sentStatement } from '../../domain/about.ts';
import { spendAttempt, type HeardKind, type VerificationRefusal } from '../../domain/attempts.ts';
import { excerpt } from '../../domain/input.ts';
import type { Proof, SignatureRefusal } from '../../domain/statement.ts';
import { clusterQueue } from '../messages.ts';
import { labelled } from './activities.ts';
import { describeFailure } from './failures.ts';
import type { Verifications } from './verifications.ts';

export type Verified =
  | { proof: Proof }
  | { refused: SignatureRefusal | VerificationRefusal; sentence: string };

/** Who is spoken to: a run, or the brake. */
interface Hearer {
  state: { cluster: string };
  verifications: Verifications;
}

const forgedKept = 20;

/** Asks the cluster's worker who stands behind what was sent. Never throws: a handler that does can end the run. */
export async function verify(
  { state, verifications }: Hearer,
  kind: HeardKind,
  fields: Record<string, unknown>,
): Promise<Verified> {
  const { cluster } = state;
  const { attempts, forged } = verifications;
  const sent = sentStatement(fields);
  const names = Object.keys(sent.statement).sort();
  const text = JSON.stringify([names.map((name) => [name, sent.statement[name]]), sent.signature]);
  if (forged.includes(text))
    return {
      refused: 'BadSignature',
      sentence: 'This signature was checked before: it is none of these fields.',
    };
  const tooMany = spendAttempt(attempts, kind, Date.now());
  if (tooMany !== undefined) return { refused: 'TooManyAttempts', sentence: tooMany };
  try {
    const label = labelled(`Who signed this ${kind}? It says ${excerpt(fields.by)}`);
    // A cancel request, which counts for nothing here, must not take the hearing away from everybody else.
    const verdict = await CancellationScope.nonCancellable(() =>
      approvalsOf(cluster).verifyStatement.executeWithOptions(label, [{ cluster, ...sent }]),
    );
    if (verdict.valid) return { proof: verdict.proof };
    if (verdict.refused === 'BadSignature') forged.push(text);
    if (forged.length > forgedKept) forged.shift();
    return { refused: verdict.refused, sentence: verdict.sentence };
  } catch (error) {
    const { message } = describeFailure(error);
    return {
      refused: 'NotVerified',
      sentence: `The signature could not be checked, send it again: ${message}`,
    };
  }
}

function approvalsOf(cluster: string) {
  return proxyActivities<ApproveActivities>({
    taskQueue: clusterQueue(cluster),
    startToCloseTimeout: '10s',
    scheduleToCloseTimeout: '30s',
    heartbeatTimeout: '5s',
    retry: { initialInterval: '500ms', maximumInterval: '2s', maximumAttempts: 3 },
  });
}
