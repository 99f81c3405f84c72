import { isGrpcServiceError } from '@temporalio/client';
import type { Session } from './connect.ts';

/** Queries and updates are answered by a worker in milliseconds; longer means that there is none. */
export const ANSWER_MS = 8000;

export function answered<T>({ client }: Session, call: () => Promise<T>): Promise<T> {
  return client.withDeadline(Date.now() + ANSWER_MS, call);
}

/**
 * When another event comes just as a run ends on a message, the server throws that workflow task away, keeps nothing of
 * it, and answers FAILED_PRECONDITION: so the message is sent again.
 */
export async function delivered<T>(session: Session, send: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await answered(session, send);
    } catch (error) {
      if (tries === 3 || !isThrownAwayTask(error)) throw error;
    }
  }
}

function isThrownAwayTask(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return isGrpcServiceError(cause) && cause.details.includes('unexpected workflow task failure');
}
