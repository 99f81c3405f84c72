import { ApplicationFailure } from '@temporalio/common';
import { activityErrorTypes, type ActivityErrorType } from './contract.ts';
import { redact } from './redact.ts';

/**
 * An expected failure, of a type from the catalogue. Carries no cause: a cause's message and stack would stand in the
 * history as they are, with whatever the other side put into them. `details` are for the run, and hold no text.
 */
export function failure(
  type: ActivityErrorType,
  message: string,
  details?: Record<string, boolean>,
): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message: redact(message, 600),
    nonRetryable: !activityErrorTypes[type].retryable,
    ...(details && { details: [details] }),
  });
}

export function isFailure(error: unknown, type: ActivityErrorType): boolean {
  return error instanceof ApplicationFailure && error.type === type;
}

/** Any error in one line that may be shown. */
export function sentenceOf(error: unknown): string {
  return redact(error instanceof Error ? error.message : String(error));
}

/** The catalogue's name of an error that has one. */
export function typeOf(error: unknown): string | undefined {
  return error instanceof ApplicationFailure ? (error.type ?? undefined) : undefined;
}
