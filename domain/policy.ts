/**
 * How a human's word counts in this cluster. `signed`: only with a signature of one of its allowed signers. `open`: every
 * named vote that reaches Temporal counts. `none` (absent in the inventory): observe and plan, never act.
 */
export type ApprovalMode = 'none' | 'open' | 'signed';

/** Tunables of one cluster, from the inventory. Durations in milliseconds. */
export interface Policy {
  approvals: ApprovalMode;
  /** A gate that nobody answers closes into a safe end after this. */
  gateDeadlineMs: number;
  remindEveryMs: number;
  /** While waiting, the run looks again this often and ends by itself when the fault is gone. */
  reobserveEveryMs: number;
  /** Success must hold this long before it is called success. */
  soakMs: number;
  /** How many distinct approvers a plan needs, by the risk of its riskiest step. */
  votes: Record<'reversible' | 'irreversible' | 'breakGlass', number>;
  /** A finding that was rejected, aborted, refused or expired is not proposed again for so long unless its evidence changes. */
  dampingMs: number;
}

export const defaultPolicy: Policy = {
  approvals: 'none',
  gateDeadlineMs: 4 * 3_600_000,
  remindEveryMs: 30 * 60_000,
  reobserveEveryMs: 60_000,
  soakMs: 60_000,
  votes: { reversible: 1, irreversible: 1, breakGlass: 2 },
  dampingMs: 4 * 3_600_000,
};
