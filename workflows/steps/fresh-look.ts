import { ApplicationFailure } from '@temporalio/workflow';

/** A look older than this proves nothing of now. Counted from its beginning: what it read first is the oldest. */
export const lookValidMs = 3 * 60_000;

const looksAtMost = 3;

/** What directly precedes an act that rests on a look. */
export interface FreshLook {
  /** Looks until all that the act rests on holds; returns when that look began, in ms. */
  prove: () => Promise<number>;
  /** Waits while the brake is on; whether it had to. */
  hold: () => Promise<boolean>;
  now: () => number;
}

/**
 * Returns with a look behind it that is younger than `lookValidMs`: an act which cannot be taken back is never done on an older
 * one. A pause, or an absence of the worker, makes it old; then it is looked at again. Throws `PreconditionFailed` when three looks
 * in turn were old before they could be acted on.
 */
export async function lookFreshly({ prove, hold, now }: FreshLook): Promise<void> {
  for (let stale = 0; stale < looksAtMost;) {
    const began = await prove();
    // As long as the brake is on nothing is too late: a person has put it there.
    if (await hold()) stale = 0;
    else if (now() - began <= lookValidMs) return;
    else stale += 1;
  }
  throw ApplicationFailure.nonRetryable(
    `${looksAtMost} looks in turn were older than ${lookValidMs / 60_000} minutes when they could be acted on`,
    'PreconditionFailed',
  );
}
