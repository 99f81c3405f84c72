import { exitCodes, type ExitCode } from './exit-codes.ts';

/** Every way in which a command can fail, and the exit code it ends with: the only place that decides it. */
const exitCodeOf = {
  BadUsage: exitCodes.usage,
  BadConfiguration: exitCodes.usage,
  UnknownCluster: exitCodes.usage,
  UnknownNode: exitCodes.usage,
  UnknownFault: exitCodes.usage,
  Cancelled: exitCodes.usage,
  ConfirmationNeeded: exitCodes.usage,
  NoSigningKey: exitCodes.usage,
  NotSigned: exitCodes.error,
  NoLab: exitCodes.error,
  LabFailed: exitCodes.error,
  DemoFailed: exitCodes.error,
  DevFailed: exitCodes.error,
  TemporalUnreachable: exitCodes.error,
  NamespaceNotFound: exitCodes.error,
  NoWorker: exitCodes.error,
  WorkerFailed: exitCodes.error,
  NoRecovery: exitCodes.error,
  NoGateOpen: exitCodes.error,
  NothingBlocked: exitCodes.error,
  NoSchedule: exitCodes.error,
  NoSnapshot: exitCodes.error,
  SnapshotUnusable: exitCodes.error,
  RunFailed: exitCodes.error,
  Unexpected: exitCodes.error,
  NotAuthenticated: exitCodes.authentication,
  NotAuthorized: exitCodes.authentication,
  AnotherRecoveryOpen: exitCodes.refused,
  BrakeEnded: exitCodes.refused,
  CannotSupersede: exitCodes.refused,
  DigestDiffers: exitCodes.refused,
  RefusedByRun: exitCodes.refused,
  TimedOut: exitCodes.timedOut,
} as const satisfies Record<string, ExitCode>;

export type FailureCode = keyof typeof exitCodeOf;

export const failureCodes = Object.keys(exitCodeOf) as FailureCode[];

/** What happened, where, and what the reader can do about it. */
export interface FailureText {
  what: string;
  where?: string | undefined;
  next?: string | undefined;
  /** The name that the other side gave its refusal: `WrongNonce`, `PastPointOfNoReturn`. */
  reason?: string | undefined;
  cause?: unknown;
}

/** A failure that a person can act on. Everything else that is thrown is a defect, and is shown as one. */
export class CommandFailure extends Error {
  readonly code: FailureCode;
  readonly text: FailureText;

  constructor(code: FailureCode, text: FailureText) {
    super(text.what, { cause: text.cause });
    this.name = 'CommandFailure';
    this.code = code;
    this.text = text;
  }

  get exitCode(): ExitCode {
    return exitCodeOf[this.code];
  }
}

export function failure(code: FailureCode, text: FailureText): CommandFailure {
  return new CommandFailure(code, text);
}

/** Names whatever was thrown; total, so that no command ends without a sentence and the right exit code. */
export function failureFrom(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const cause = error;
  if (name === 'AbortError') return failure('Cancelled', { what: 'Cancelled.', cause });
  if (name === 'WorkerError') return fromWorker(message, error);
  if (name === 'InventoryError') {
    return failure('BadConfiguration', {
      what: message,
      next: 'docs/configuration.md says what each key means.',
      cause,
    });
  }
  const at = stack?.split('\n').find((line) => line.includes('.ts:'));
  return failure('Unexpected', {
    what: message || name,
    where: at?.trim().replace(/^at /, ''),
    next: 'Run it again with CPR_DEBUG=1 to see the whole stack.',
    cause,
  });
}

/** `workerExitCodes` of the worker process, in our words; its sentences carry place and remedy already. */
function fromWorker(what: string, error: unknown): CommandFailure {
  const { code } = error as { code: string };
  const known = failureCodes.find((each) => each === code);
  return failure(known ?? 'WorkerFailed', { what, reason: known ? undefined : code, cause: error });
}
