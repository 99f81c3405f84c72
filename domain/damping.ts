import type { Policy } from './policy.ts';
import type { Outcome } from './run.ts';

/** How the last recovery of a cluster ended; `failed` is one that was terminated or ended without a result. */
export interface ClosedRecovery {
  status: Outcome['status'] | 'failed';
  reason?: Outcome['reason'];
  /** ISO 8601. */
  closedAt: string;
  /** Of its last plan; absent when it never came to one. */
  digest?: string;
  /** A person had approved it; then something came between. */
  approved?: boolean;
}

const turnedDown = ['rejected', 'aborted', 'refused', 'expired', 'failed'];

/**
 * Why this plan is not proposed again so soon, or undefined. A person who said no at 1 a.m. is not asked the same at 1:05;
 * but a plan that reads differently rests on different evidence, and is a new question.
 */
export function dampedBecause(
  last: { state: string } & Partial<ClosedRecovery>,
  digest: string,
  policy: Pick<Policy, 'dampingMs'>,
  now: string,
): string | undefined {
  if (last.state !== 'closed' || last.closedAt === undefined || last.status === undefined) return undefined;
  if (!turnedDown.includes(last.status)) return undefined;
  // That one was about the inventory, which has been mended since: else this plan would not be proposed.
  if (last.reason === 'ApprovalsNotConfigured') return undefined;
  // A person said yes, and the cluster said no: once it is well again, that person is asked at once.
  if (last.status === 'refused' && last.approved === true) return undefined;
  // Without a result nothing can be compared; somebody terminated it, and that is a no.
  if (last.status !== 'failed' && last.digest !== digest) return undefined;
  const until = Date.parse(last.closedAt) + policy.dampingMs;
  if (Date.parse(now) >= until) return undefined;
  const what = last.status === 'failed' ? 'ended without a result' : `was ${last.status}`;
  return `The same recovery ${what} at ${last.closedAt}; it is not proposed again before ${new Date(until).toISOString()} unless its evidence changes.`;
}
