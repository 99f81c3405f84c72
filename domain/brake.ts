import type { RefusedMessage, Brake } from './run.ts';
import type { ApprovalMode } from './policy.ts';
import type { Proof, SignedFields } from './statement.ts';

/**
 * The brake of one cluster: while it is on, no run begins another act there. It is a workflow of its own, so that it can be
 * put on before a run exists, outlives every run and every worker, and a look at Temporal's own description of it tells
 * who put it on and why, without a worker that answers.
 */
export interface BrakeRequest extends Partial<SignedFields> {
  cluster: string;
  by: string;
  reason: string;
  /** Made by whoever signs; a release names the brake's own instead. */
  nonce?: string;
}

/** What ends it. Flat, like every statement. */
export interface BrakeRelease extends Partial<SignedFields> {
  /** Of this brake, as its state shows it; needed where a signature is. */
  nonce?: string;
  by: string;
  reason: string;
}

/** The answer of its query `state`, and its result. */
export interface BrakeState {
  cluster: string;
  workflow: string;
  firstRun: string;
  /** For a signed release. */
  nonce: string;
  mode: ApprovalMode;
  /** `verifying`: whether the word of whoever put it on counts is not known yet; runs hold meanwhile. */
  phase: 'verifying' | 'on' | 'released';
  brake: Brake;
  released?: { by: string; reason: string; at: string; proof?: Proof };
  /** Releases that did not count, newest last, at most 20. */
  refused: RefusedMessage[];
  refusedCount: number;
}

/** A signed pause counts for so long at most: the brake's own nonce does not exist before it, so time alone bars a replay. */
export const pauseValidityMs = 10 * 60_000;

/** What Temporal knows of a cluster's brake. Only `off` lets an act begin. */
export type BrakeReading =
  | { state: 'off' }
  /** `ended`: its workflow was ended from outside, so that it still holds and cannot be released. */
  | { state: 'on'; brake: Brake; ended?: string }
  /** Somebody is putting it on. */
  | { state: 'pending'; since: string }
  | { state: 'unknown'; because: string };

/** The part of Temporal's description of a workflow that tells whether the brake is on. */
export interface DescribedBrake {
  runId: string;
  type: string;
  status: { name: string };
  startTime: Date;
  memo?: Record<string, unknown> | undefined;
}

/**
 * Of one run of a brake; `findBrake` knows which. Total over any memo. A brake that was terminated, and not released, still
 * counts: nobody said that acts may go on. One that failed never counted, for a pause whose word is no good ends so.
 */
export function brakeFrom(described: DescribedBrake | undefined): BrakeReading {
  if (!described) return { state: 'off' };
  const status = described.status.name;
  const brake = brakeIn(described.memo);
  if (status === 'COMPLETED' || status === 'FAILED') return { state: 'off' };
  if (status === 'RUNNING' || status === 'PAUSED') {
    return brake ? { state: 'on', brake } : { state: 'pending', since: described.startTime.toISOString() };
  }
  if (!brake) return { state: 'off' };
  const ended = status.toLowerCase().replaceAll('_', ' ');
  const reason = `${brake.reason} (its workflow was ${ended}, which releases nothing: pause again, then resume)`;
  return { state: 'on', brake: { ...brake, reason }, ended };
}

/** The memo's field in which a brake that counts says who, why and since when. */
export const brakeMemo = 'brake';

/** Whether the run of that id says anything: one that ended without having counted neither stops anybody nor releases. */
export function hasCounted({ type, status: { name }, memo }: DescribedBrake): boolean {
  if (name === 'RUNNING' || name === 'PAUSED') return true;
  return type === 'Brake' && name !== 'FAILED' && brakeIn(memo) !== undefined;
}

function brakeIn(memo: Record<string, unknown> | undefined): Brake | undefined {
  const found = memo?.[brakeMemo];
  if (typeof found !== 'object' || found === null) return undefined;
  const { by, reason, since, proof } = found as Record<string, unknown>;
  const brake: Brake = {
    by: textOr(by, 'unknown'),
    reason: textOr(reason, 'no reason'),
    since: textOr(since, ''),
  };
  const proved = proofIn(proof);
  return proved ? { ...brake, proof: proved } : brake;
}

function proofIn(value: unknown): Proof | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { principal, key } = value as Record<string, unknown>;
  return typeof principal === 'string' && typeof key === 'string' ? { principal, key } : undefined;
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, 1_000) : otherwise;
}

/** What a run that holds shows: who stops it, or why it holds although nobody is known to. */
export function pausedBy(reading: Exclude<BrakeReading, { state: 'off' }>, now: string): Brake {
  switch (reading.state) {
    case 'on':
      return reading.brake;
    case 'pending': {
      const reason = 'the brake is being put on, and whether that counts is not known yet';
      return { by: 'somebody', reason, since: reading.since, assumed: true };
    }
    case 'unknown': {
      const reason = `whether the brake is on could not be read, and unknown means no: ${reading.because}`;
      return { by: 'nobody', reason, since: now, assumed: true };
    }
  }
}
