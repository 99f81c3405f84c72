import { ApplicationFailure, TemporalFailure, TimeoutFailure } from '@temporalio/common';

/** What went wrong in an activity: the contract's error type, and its sentence. */
export interface Failure {
  type: string;
  message: string;
  /** No attempt of the activity got as far as its act. */
  unbegun?: true;
}

/**
 * An activity's failure wraps the one that says why. The innermost of our own errors counts; a timeout alone means that no
 * worker answered in time, and says so.
 */
export function describeFailure(error: unknown): Failure {
  let own: ApplicationFailure | undefined;
  let timeout: TimeoutFailure | undefined;
  let cause: unknown = error;
  // Bounded: a failure comes from outside, and a chain without end would hang the workflow task.
  for (let depth = 0; cause instanceof Error && depth < 20; depth++) {
    if (cause instanceof ApplicationFailure) own = cause;
    if (cause instanceof TimeoutFailure) timeout ??= cause;
    cause = cause.cause;
  }
  if (own) {
    const failure: Failure = { type: own.type ?? 'Error', message: shortened(own.message) };
    return isUnbegun(own) ? { ...failure, unbegun: true } : failure;
  }
  if (timeout) {
    return {
      type: `Timeout${timeout.timeoutType}`,
      message: 'no answer in time: is a worker for this cluster running?',
    };
  }
  const message = error instanceof TemporalFailure || error instanceof Error ? error.message : String(error);
  return { type: 'Error', message: shortened(message) };
}

/** Said by the guard of the brake, and by a run that withholds an act. */
function isUnbegun({ details }: ApplicationFailure): boolean {
  const [detail] = details ?? [];
  return typeof detail === 'object' && detail !== null && 'unbegun' in detail && detail.unbegun === true;
}

function shortened(message: string): string {
  return message.length > 600 ? `${message.slice(0, 600)}…` : message;
}
