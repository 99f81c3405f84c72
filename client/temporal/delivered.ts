import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError } from '@temporalio/client';
import type { Session } from './connect.ts';
import { grpcCodes, isGrpcCode } from './errors.ts';

/** Queries and updates are answered by a worker in milliseconds; longer means that there is none. */
export const ANSWER_MS = 8000;

const AGAIN_MS = 250;

/** A signature is checked before its message is answered, in up to half a minute on a worker that is busy. */
const SIGNED_ANSWER_MS = 40_000;

export function answered<T>({ client }: Session, call: () => Promise<T>): Promise<T> {
  return client.withDeadline(Date.now() + ANSWER_MS, call);
}

/**
 * For queries. Temporal keeps one waiting for each run and turns away the next ("consistent query buffer is full"): two people
 * who watch the same run of a busy worker are enough. So it is asked again for as long as an answer is waited for.
 */
export async function asked<T>(session: Session, query: () => Promise<T>): Promise<T> {
  const until = Date.now() + ANSWER_MS;
  for (;;) {
    try {
      return await answered(session, query);
    } catch (error) {
      if (Date.now() > until || !isGrpcCode(error, grpcCodes.resourceExhausted)) throw error;
    }
    await sleep(AGAIN_MS);
  }
}

/** An update that a worker has taken up, and will answer. */
interface TakenUp<T> {
  result(): Promise<T>;
}

/** For `startUpdate`: that nobody takes it up is known in seconds; what becomes of it may take longer. */
export const takenUp = { waitForStage: 'ACCEPTED' } as const;

/** For updates: what the run answers, once it has been taken up. */
export function delivered<T>(session: Session, send: () => Promise<TakenUp<T>>): Promise<T> {
  return sentAgain(async () => {
    const update = await answered(session, send);
    return await session.client.withDeadline(Date.now() + SIGNED_ANSWER_MS, () => update.result());
  });
}

/**
 * When another event comes just as a run ends on a message, the server throws that workflow task away, keeps nothing of
 * it, and answers FAILED_PRECONDITION: so the message is sent again.
 */
export async function sentAgain<T>(send: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await send();
    } catch (error) {
      if (tries === 3 || !isThrownAwayTask(error)) throw error;
    }
  }
}

function isThrownAwayTask(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return isGrpcServiceError(cause) && cause.details.includes('unexpected workflow task failure');
}
