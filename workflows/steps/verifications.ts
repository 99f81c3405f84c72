import type { Attempts } from '../../domain/attempts.ts';

/** What has been checked in this run. */
export interface Verifications {
  attempts: Attempts;
  /** Statements whose signature is none of theirs, for good; the newest few. They are not checked twice. */
  forged: string[];
}

export function noVerifications(): Verifications {
  return { attempts: { budgets: {} }, forged: [] };
}
