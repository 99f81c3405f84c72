/**
 * A human's answer to a gate. The same payload as a signal and as an update, so that the Web UI, the `temporal`
 * command and `cpr` all say the same thing.
 */
export interface Vote {
  gate: string;
  nonce: string;
  decision: 'approve' | 'reject';
  by: string;
  reason: string;
  /** ISO 8601. */
  issued?: string;
  expires?: string;
}

export interface Gate {
  /** `plan-1`, `plan-2`: a drifted plan gets a new one. */
  id: string;
  nonce: string;
  digest: string;
  votesNeeded: number;
  /** ISO 8601. */
  opened: string;
  deadline: string;
  votes: Vote[];
}

/** Why a vote did not count; each has its line in docs/approvals.md. */
export const voteRefusals = [
  'NoGateOpen',
  'MalformedVote',
  'WrongGate',
  'WrongNonce',
  'UnknownDecision',
  'NoName',
  'NoReason',
  'VoteExpired',
  'DuplicateVote',
  'GateClosed',
] as const;

export type VoteRefusal = (typeof voteRefusals)[number];
