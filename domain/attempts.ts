import type { StatementKind } from './statement.ts';

/** Why a signature was not even checked; it may be sent again. */
export const verificationRefusals = [
  'TooManyAttempts',
  /** Nobody could check it: no worker of the cluster answered. */
  'NotVerified',
] as const;

export type VerificationRefusal = (typeof verificationRefusals)[number];

/**
 * How many signatures a run checks. Each check is an activity and stands in the history, which Temporal bounds, so whoever
 * sends nonsense must not be able to fill it. Each kind has budgets of its own: a flood of votes keeps nobody from aborting.
 * What was used up in short time comes back, one a minute; what is used up in all does not.
 */
export const attemptLimits = { atOnce: 20, oneMoreEveryMs: 60_000, votes: 1_000, ofAnotherKind: 250 };

/** What is said to a workflow that is open: a pause is what a brake is started with. */
export type HeardKind = Exclude<StatementKind, 'pause'>;

export interface Attempts {
  budgets: Partial<Record<HeardKind, { spent: number; left: number; at: number }>>;
}

/** Counts an attempt at this time (milliseconds since the epoch). The sentence that refuses it, or undefined: check it. */
export function spendAttempt(attempts: Attempts, kind: HeardKind, at: number): string | undefined {
  const { atOnce, oneMoreEveryMs } = attemptLimits;
  const budget = (attempts.budgets[kind] ??= { spent: 0, left: atOnce, at });
  const gained = Math.max(0, Math.floor((at - budget.at) / oneMoreEveryMs));
  budget.left = Math.min(atOnce, budget.left + gained);
  budget.at = budget.left === atOnce ? at : budget.at + gained * oneMoreEveryMs;
  if (budget.spent >= inAll(kind))
    return `This run has checked ${inAll(kind)} signatures of this kind and checks no more of it. ${wayOut[kind]}`;
  if (budget.left === 0) {
    const next = new Date(budget.at + oneMoreEveryMs).toISOString();
    return `${atOnce} signatures were checked in short time; the next one is from ${next}. Send it again then.`;
  }
  budget.left -= 1;
  budget.spent += 1;
  return undefined;
}

function inAll(kind: HeardKind): number {
  return kind === 'vote' ? attemptLimits.votes : attemptLimits.ofAnotherKind;
}

const startAnew = 'find out who sends them, and start again.';

const wayOut: Record<HeardKind, string> = {
  vote: `Abort the run ("cpr abort"), ${startAnew}`,
  supersede: `Abort the run instead ("cpr abort"), ${startAnew}`,
  resolveStep: 'A retry needs no signature, and "cpr abort" is still heard before the point of no return.',
  resume:
    'Terminate the workflow of the brake, which releases nothing; then pause again ("cpr pause"), and resume.',
  abort:
    'At a gate reject the plan ("cpr reject"); at a blocked step decide "abort" ("cpr resolve"). Otherwise terminate the workflow: "cpr diagnose" then shows what is left.',
};
