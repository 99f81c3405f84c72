/**
 * The statuses in which a workflow has ended. Paused, or a state that this version does not know, is no end: only what is
 * surely over may be followed by another, or tidied up after.
 */
export const endedStatuses: readonly string[] = [
  'COMPLETED',
  'FAILED',
  'CANCELLED',
  'TERMINATED',
  'TIMED_OUT',
];
