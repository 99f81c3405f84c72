import { failure, CommandFailure } from '../failure.ts';
import type { TemporalPlace } from '../gateway.ts';

/** Of https://grpc.io/docs/guides/status-codes those that Temporal's frontend answers with. */
export const grpcCodes = {
  cancelled: 1,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** What was attempted, for the sentence. */
export interface Attempt {
  place: TemporalPlace;
  cluster: string;
  /** Completes "could not …": `ask for the state of recovery/lab`. */
  doing: string;
}

/**
 * Temporal's errors in the product's words. By name and code and not by `instanceof`: the classes sit behind an import
 * that costs a quarter of a second, and two copies of a package would make `instanceof` lie.
 */
export function translate(error: unknown, attempt: Attempt): Error {
  if (error instanceof CommandFailure) return error;
  const { name = '', cause } = (error ?? {}) as { name?: string; cause?: unknown };
  if (name === 'WorkflowUpdateFailedError') return refusedByRun(cause, error);
  if (name === 'WorkflowFailedError') return runFailed(cause, attempt, error);
  if (name === 'WorkflowNotFoundError') return noRecovery(attempt, error);
  if (name === 'NamespaceNotFoundError') return noNamespace(attempt, error);
  if (name === 'ScheduleNotFoundError') return noSchedule(attempt.cluster, error);
  if (name === 'QueryNotRegisteredError') return otherWorkflow(attempt, error);
  if (name === 'WorkflowUpdateRPCTimeoutOrCancelledError') return noAnswer(attempt, error);
  return translateCode(error, attempt);
}

/** Runs a call to Temporal and translates what it throws. */
export async function translated<T>(attempt: Attempt, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw translate(error, attempt);
  }
}

function translateCode(error: unknown, attempt: Attempt): Error {
  const { place, doing } = attempt;
  const where = `${place.address}, namespace ${place.namespace}`;
  if (isGrpcCode(error, grpcCodes.unavailable)) {
    return failure('TemporalUnreachable', {
      what: `Temporal stopped answering at ${place.address}; could not ${doing}.`,
      where,
      next: 'Nothing is lost: runs go on when the server is back. Try again.',
      cause: error,
    });
  }
  if (isGrpcCode(error, grpcCodes.unauthenticated)) {
    const what = `Temporal does not accept our credentials; could not ${doing}.`;
    return failure('NotAuthenticated', { what, where, next: 'Check the profile.', cause: error });
  }
  if (isGrpcCode(error, grpcCodes.permissionDenied)) {
    const what = `Temporal does not allow it: could not ${doing}.`;
    return failure('NotAuthorized', { what, where, next: 'Ask for a role in that namespace.', cause: error });
  }
  const { deadlineExceeded, cancelled, failedPrecondition, resourceExhausted } = grpcCodes;
  if (isGrpcCode(error, deadlineExceeded, cancelled, failedPrecondition, resourceExhausted)) {
    return noAnswer(attempt, error);
  }
  return error instanceof Error ? error : new Error(String(error));
}

/** Whether the error, or what it was caused by, carries one of these gRPC codes. */
export function isGrpcCode(error: unknown, ...codes: number[]): boolean {
  for (let at = error, depth = 0; at && depth < 5; at = (at as { cause?: unknown }).cause, depth++) {
    const { code } = at as { code?: unknown };
    if (typeof code === 'number' && codes.includes(code)) return true;
  }
  return false;
}

/** The innermost failure of a chain: Temporal wraps the activity's own sentence in two others. */
function innermost(error: unknown): { message: string; type?: string } {
  const { message, type, cause } = (error ?? {}) as { message?: string; type?: string; cause?: unknown };
  if (cause) return innermost(cause);
  return { message: message ?? String(error), ...(type ? { type } : {}) };
}

function refusedByRun(cause: unknown, error: unknown): Error {
  const { message, type } = innermost(cause);
  return failure('RefusedByRun', { what: message, reason: type, cause: error });
}

function runFailed(cause: unknown, { cluster, place, doing }: Attempt, error: unknown): Error {
  const { message, type } = innermost(cause);
  const { name = '' } = (cause ?? {}) as { name?: string };
  if (name === 'TimeoutFailure') {
    const what = `It took too long: could not ${doing}. ${message}`;
    const next = `Look whether a worker for cluster/${cluster} is running and reaches it.`;
    return failure('TimedOut', { what, next, cause: error });
  }
  if (name === 'CancelledFailure' || name === 'TerminatedFailure') {
    const what = `It was ${name === 'TerminatedFailure' ? 'terminated' : 'cancelled'} from outside: could not ${doing}.`;
    const next = 'Who did it stands in its history in the Web UI. Start it again when it is safe.';
    return failure('RunFailed', { what, next, cause: error });
  }
  const code = failureOfType[type ?? ''] ?? 'RunFailed';
  const where = `namespace ${place.namespace} at ${place.address}`;
  return failure(code, { what: message, where, reason: type, next: adviceFor(code, cluster), cause: error });
}

/** `activityErrorTypes` that mean more than "it failed". */
const failureOfType: Record<string, 'UnknownCluster' | 'UnknownNode' | 'NotAuthorized'> = {
  UnknownCluster: 'UnknownCluster',
  UnknownNode: 'UnknownNode',
  ApiForbidden: 'NotAuthorized',
};

function adviceFor(code: string, cluster: string): string {
  if (code === 'UnknownCluster')
    return `The worker's own inventory must list ${cluster}: start it with that clusters.yaml.`;
  if (code === 'NotAuthorized') return 'Compare the roles of the kubeconfig with deploy/rbac/.';
  return 'The whole error stands in the history in the Web UI.';
}

function noRecovery({ cluster }: Attempt, error: unknown): Error {
  return failure('NoRecovery', {
    what: `No recovery of ${cluster} is open.`,
    next: `\`cpr diagnose ${cluster}\` looks what is broken; \`cpr recover ${cluster}\` starts a recovery.`,
    cause: error,
  });
}

function noNamespace({ place }: Attempt, error: unknown): Error {
  return failure('NamespaceNotFound', {
    what: `Temporal at ${place.address} has no namespace ${place.namespace}.`,
    next: 'Name the right profile with --profile, or set TEMPORAL_NAMESPACE.',
    cause: error,
  });
}

function noSchedule(cluster: string, error?: unknown): Error {
  return failure('NoSchedule', {
    what: `${cluster} has no scheduled health check.`,
    next: `\`cpr schedule set ${cluster} --every 5m\` makes one.`,
    cause: error,
  });
}

function otherWorkflow({ cluster }: Attempt, error: unknown): Error {
  return failure('RunFailed', {
    what: `The open run recovery/${cluster} does not understand our questions: ${(error as Error).message}`,
    next: 'Is the worker of another version? Compare with the Web UI.',
    cause: error,
  });
}

function noAnswer({ cluster, place, doing }: Attempt, error: unknown): Error {
  return failure('NoWorker', {
    what: `No worker answers in time: could not ${doing}.`,
    where: `queues runbooks and cluster/${cluster}, namespace ${place.namespace} at ${place.address}`,
    next: 'Start one with `cpr worker` (see `cpr worker --help`). Nothing is lost: runs go on when it is there.',
    cause: error,
  });
}
