/**
 * One fact about the cluster, or the reason why it could not be had.
 * A value that could not be read is never a default: the first draft of every tool in this field took "no answer"
 * for "no members", and removed one.
 */
export type Reading<T> = Known<T> | Unknown;

export interface Known<T> {
  known: true;
  value: T;
  /** Where it came from, in words an operator can repeat: `GET /api/v1/nodes/master-1`, `ssh master-1: systemctl show kubelet`. */
  source: string;
}

export interface Unknown {
  known: false;
  /** Why it could not be read: `connection refused`, `Forbidden`, `timed out after 5 s`. */
  why: string;
  source: string;
  /** The error's name where it has one: `NodeUnreachable`, `OutcomeUnknown`. Ssh that fails and a script that fails differ. */
  cause?: string;
}

export function known<T>(value: T, source: string): Known<T> {
  return { known: true, value, source };
}

export function unknown(why: string, source: string, cause?: string): Unknown {
  return { known: false, why, source, ...(cause === undefined ? {} : { cause }) };
}

/** The value, or undefined when it is not known. For places where both mean "no". */
export function valueOf<T>(reading: Reading<T>): T | undefined {
  return reading.known ? reading.value : undefined;
}
