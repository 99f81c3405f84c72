/** What a script may rely on. Each has its line in docs/commands.md. */
export const exitCodes = {
  done: 0,
  error: 1,
  usage: 2,
  findings: 3,
  authentication: 4,
  refused: 5,
  waiting: 6,
  timedOut: 7,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export const exitCodeMeanings: Record<ExitCode, string> = {
  0: 'done, or healthy',
  1: 'error',
  2: 'wrong usage or configuration, or cancelled',
  3: 'findings, or a recovery that still owes something',
  4: 'authentication or authorization failed',
  5: 'refused for safety',
  6: 'waits for a person: an approval, or a decision about a blocked step',
  7: 'timed out',
};
