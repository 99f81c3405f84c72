import type { RunStatementKind } from './statement.ts';

/** Why a signature was not even checked; it may be sent again. */
export const verificationRefusals = [
  'TooManyAttempts',
  /** Nobody could check it: no worker of the cluster answered. */
  'NotVerified',
] as const;

export type VerificationRefusal = (typeof verificationRefusals)[number];

/**
 * How many signatures a run checks. Each check is an activity and stands in the history, which Temporal bounds, so whoever
 * sends nonsense must not be able to fill it; and what was used up comes back with time, so that a flood keeps nobody out for
 * good.
 */
export const attemptLimits = { atOnce: 20, oneMoreEveryMs: 60_000, perRun: 1_000 };

/** Each kind has a budget of its own: a flood of votes cannot keep anybody from aborting. */
export interface Attempts {
  spent: number;
  budgets: Partial<Record<RunStatementKind, { left: number; at: number }>>;
}

/** Counts an attempt at this time (milliseconds since the epoch). The sentence that refuses it, or undefined: check it. */
export function spendAttempt(attempts: Attempts, kind: RunStatementKind, at: number): string | undefined {
  const { atOnce, oneMoreEveryMs, perRun } = attemptLimits;
  const budget = (attempts.budgets[kind] ??= { left: atOnce, at });
  const gained = Math.max(0, Math.floor((at - budget.at) / oneMoreEveryMs));
  budget.left = Math.min(atOnce, budget.left + gained);
  budget.at = budget.left === atOnce ? at : budget.at + gained * oneMoreEveryMs;
  if (attempts.spent >= perRun) return `This run has checked ${perRun} signatures and checks no more.`;
  if (budget.left === 0) {
    const next = new Date(budget.at + oneMoreEveryMs).toISOString();
    return `${atOnce} signatures were checked in short time; the next one is from ${next}. Send it again then.`;
  }
  budget.left -= 1;
  attempts.spent += 1;
  return undefined;
}
