import type { CastVote, Gate, Vote } from '../../domain/approval.ts';

/** When the votes of these tests arrive. */
export const now = '2026-11-22T12:00:00.000Z';

/** Gate `plan-2`, open, with no vote yet. */
export function gate(change: Partial<Gate> = {}): Gate {
  return {
    id: 'plan-2',
    nonce: '6f1c0c1e',
    digest: 'd'.repeat(64),
    mode: 'open',
    subject: {
      kind: 'vote',
      cluster: 'lab',
      workflow: 'recovery/lab',
      firstRun: '5b3f3a46',
      plan: 'd'.repeat(64),
      nonce: '6f1c0c1e',
    },
    risk: 'reversible',
    votesNeeded: 1,
    requester: 'Ada',
    opened: '2026-11-22T11:50:00.000Z',
    deadline: '2026-11-22T15:50:00.000Z',
    votes: [],
    ...change,
  };
}

export const vote: Vote = {
  gate: 'plan-2',
  nonce: '6f1c0c1e',
  decision: 'approve',
  by: 'Anna',
  reason: 'mirror pods are gone',
};
export const cast: CastVote = { ...vote, at: '2026-11-22T11:55:00.000Z' };
const takenBack: CastVote = {
  ...cast,
  decision: 'withdraw',
  reason: 'wrong node',
  at: '2026-11-22T11:56:00.000Z',
};
export const withdrawn: CastVote[] = [{ ...cast, withdrawnAt: takenBack.at }, takenBack];
