import type { BrakeRelease, BrakeRequest } from '../domain/brake.ts';
import { statementOf, type Statement, type Subject } from '../domain/statement.ts';
import { brakeWorkflowId } from '../workflows/messages.ts';
import type { BrakeOptions } from './braking.ts';
import type { Context } from './context.ts';
import type { Gateway } from './gateway.ts';
import { saidNow, signShown } from './saying.ts';
import { claimedName, signerName } from './signer.ts';

/** How long a signed pause or release counts: it is sent at once, and a copy of it must be worth nothing soon. */
const COUNTS_FOR_MS = 5 * 60_000;

/** Signed where the inventory at hand says that this cluster's words are, or where a key was named. */
export async function pauseWords(
  context: Context,
  cluster: string,
  options: BrakeOptions,
): Promise<BrakeRequest> {
  const inventory = await context.inventory();
  const signed = options.key !== undefined || inventory?.allowedSigners?.has(cluster) === true;
  if (!signed) return { cluster, by: claimedName(context, options.by), reason: options.reason };
  const workflow = brakeWorkflowId(cluster);
  const nonce = crypto.randomUUID();
  const subject: Subject = { kind: 'pause', cluster, workflow, firstRun: '', plan: '', nonce };
  return (await signedWords(context, subject, options)) as Statement & BrakeRequest;
}

/** Signed where the brake itself says that only that counts. */
export async function releaseWords(
  context: Context,
  gateway: Gateway,
  cluster: string,
  options: BrakeOptions,
): Promise<BrakeRelease> {
  const { mode, workflow, firstRun, nonce } = await gateway.brake.state(cluster);
  if (mode !== 'signed') return { by: claimedName(context, options.by), reason: options.reason };
  const subject: Subject = { kind: 'resume', cluster, workflow, firstRun, plan: '', nonce };
  return (await signedWords(context, subject, options)) as Statement & BrakeRelease;
}

async function signedWords(context: Context, subject: Subject, options: BrakeOptions): Promise<Statement> {
  const { by, key, reason } = options;
  const name = await signerName(context, { cluster: subject.cluster, by, key });
  const said = saidNow(context, name, { reason, expires: COUNTS_FOR_MS });
  return await signShown(context, statementOf(subject, {}, said), key);
}
