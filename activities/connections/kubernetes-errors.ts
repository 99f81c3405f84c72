import { failure, sentenceOf } from '../failure.ts';

/** The object is not there, or was changed since it was read. Callers answer to both; neither leaves an activity as it is. */
export interface ApiAnswerError extends Error {
  status: 404 | 409;
  /** With 404: the answer names the object, so it is that which is missing, and not its kind or the path. */
  namesObject?: boolean;
}

/** What the API server's refusal means for us; in one place, so that the same answer is never judged twice. */
export function errorFromStatus(what: string, status: number, text: string): Error {
  const said = `${what}: ${status} ${statusMessage(text)}`;
  if (status === 401 || status === 403) return failure('ApiForbidden', said);
  if (status === 422 && doesNotApply(text))
    return Object.assign(new Error(sentenceOf(said)), { status: 409 });
  if (status === 404 || status === 409)
    return Object.assign(new Error(sentenceOf(said)), { status, namesObject: namesObject(text) });
  // 429 and 5xx: overloaded, shutting down, or etcd has no leader. All pass.
  if (status === 429 || status >= 500) return failure('ApiUnreachable', said);
  return failure('PreconditionFailed', said);
}

export function isNotFound(error: unknown): boolean {
  return error instanceof Error && (error as ApiAnswerError).status === 404;
}

/** Surely gone: a kind that the API server does not know, or a proxy's own page, is also answered with 404. */
export function isObjectGone(error: unknown): boolean {
  return isNotFound(error) && (error as ApiAnswerError).namesObject === true;
}

export function isConflict(error: unknown): boolean {
  return error instanceof Error && (error as ApiAnswerError).status === 409;
}

/** The connection ended before an answer came: the request may or may not have been carried out. */
export function isConnectionCut(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ECONNRESET' || code === 'EPIPE';
}

/**
 * A JSON patch whose `test` failed, or whose path is not there: the object is not as it was read. The API server says no
 * more than "Invalid" to that; of an object that it finds invalid it names the causes.
 */
function doesNotApply(text: string): boolean {
  try {
    const { reason, details } = JSON.parse(text) as { reason?: unknown; details?: { causes?: unknown } };
    return reason === 'Invalid' && details?.causes === undefined;
  } catch {
    return false;
  }
}

function namesObject(text: string): boolean {
  try {
    const { reason, details } = JSON.parse(text) as { reason?: unknown; details?: { name?: unknown } };
    return reason === 'NotFound' && typeof details?.name === 'string' && details.name !== '';
  } catch {
    return false;
  }
}

/** A Status object's message, or the beginning of whatever was answered. */
function statusMessage(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // Not a Status: a proxy's page.
  }
  return text.slice(0, 200);
}
