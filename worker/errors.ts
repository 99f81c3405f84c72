/** Why the worker cannot start, and the exit code that says so to whatever supervises it. */
export const workerExitCodes = {
  TemporalUnreachable: 1,
  PortTaken: 1,
  BadConfiguration: 2,
  NotAuthenticated: 4,
} as const;

export type WorkerErrorCode = keyof typeof workerExitCodes;

/** An error for a person to read: its message is the whole story, its stack is of no use. */
export interface WorkerError extends Error {
  name: 'WorkerError';
  code: WorkerErrorCode;
}

export function workerError(code: WorkerErrorCode, message: string, cause?: unknown): WorkerError {
  return Object.assign(new Error(message, { cause }), { name: 'WorkerError' as const, code });
}

export function isWorkerError(error: unknown): error is WorkerError {
  return error instanceof Error && error.name === 'WorkerError';
}
