import type { EtcdOperator, Json } from './platform.ts';

/** What an override was set for, and how long it may stand; how it is set and taken back is the lease's business. */
export interface OverridePurpose {
  /** `latestAvailableRevision` when it was set. */
  revisionBefore: number;
  /** ISO 8601. */
  deadline: string;
}

/**
 * May it go again? A moment is too short: the operator has to have seen it, and to have made its revision meanwhile. And
 * longer is unsafe: once the revision exists, the roll-out passes the gate by itself.
 */
export function overrideVerdict(
  { revisionBefore, deadline }: OverridePurpose,
  { latestAvailableRevision }: Pick<EtcdOperator, 'latestAvailableRevision'>,
  now: string,
): 'keep' | 'served' | 'overdue' {
  if (latestAvailableRevision > revisionBefore) return 'served';
  return Date.parse(now) < Date.parse(deadline) ? 'keep' : 'overdue';
}

/** Empty is not absent: whatever is not null counts as set, and blocks upgrades with "setting: []". */
export function overridesForm(overrides: Json | undefined): 'absent' | 'empty' | 'other keys' {
  if (overrides === undefined || overrides === null) return 'absent';
  return typeof overrides === 'object' && Object.keys(overrides).length === 0 ? 'empty' : 'other keys';
}
