import { gateStateAt } from './gate.ts';
import {
  excerpt,
  fieldsOf,
  invisible,
  isBlank,
  pasteable,
  sentenceCase,
  shapeFault,
  textOf,
  timeOf,
} from './input.ts';
import type { Judgement } from './input.ts';
import type { Risk } from './plan.ts';
import type { ApprovalMode } from './policy.ts';
import type { Proof, SignedFields, Subject } from './statement.ts';

export { judgeAbort, judgeResolve } from './intervention.ts';

/**
 * A human's answer to a gate. The same payload as a signal and as an update, so that the Web UI, the `temporal`
 * command and `cpr` all say the same thing.
 */
export interface Vote extends Partial<SignedFields> {
  gate: string;
  nonce: string;
  /** `withdraw` takes back what the same person said at this gate, until the first act begins. */
  decision: 'approve' | 'reject' | 'withdraw';
  by: string;
  reason: string;
}

/** A vote that counted. */
export interface CastVote extends Vote {
  /** ISO 8601, by the run's clock. */
  at: string;
  /** Undefined in mode `open`: the name is not proved. */
  proof?: Proof;
  /** Set when it was withdrawn later, ISO 8601; it is kept for the report and for replays to be recognised. */
  withdrawnAt?: string;
}

export interface Gate {
  /** `plan-1`, `plan-2`: a drifted plan gets a new one. */
  id: string;
  nonce: string;
  digest: string;
  /** How votes count here, as the inventory said when it opened. */
  mode: ApprovalMode;
  /** What a vote must be about. */
  subject: Subject;
  /** Of the riskiest step. Irreversible or more: whoever votes must have written the cluster's name. */
  risk: Risk;
  votesNeeded: number;
  /** ISO 8601. */
  opened: string;
  deadline: string;
  /** Those that counted, withdrawn ones too. */
  votes: CastVote[];
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

/** What to paste into "Send a Signal" or "Send an Update", but for the two fields that only a person can fill. */
export function votePayload(gate: Gate, decision: Vote['decision'] = 'approve'): string {
  return pasteable({ gate: gate.id, nonce: gate.nonce, decision, by: '<your name>', reason: '<why>' });
}

/**
 * Total over any input. A field that we do not know makes a vote malformed: an approval that is not understood
 * wholly, for instance one whose `expires` was misspelt, is not an approval. `signature` is known and means nothing
 * here: in mode `open` every name is unproved.
 */
export function judgeVote(input: unknown, gate: Gate | undefined, now: string): Judgement<Vote, VoteRefusal> {
  if (!gate)
    return { refused: 'NoGateOpen', sentence: 'No gate is open.', expected: 'No vote is awaited now.' };
  const expected = votePayload(gate);
  const refusal = refusalOf(input, gate, now);
  if (refusal) return { refused: refusal[0], sentence: refusal[1], expected };
  return { counts: voteFrom(input as Record<string, unknown>) };
}

const required = ['gate', 'nonce', 'decision', 'by', 'reason'];
const known = [...required, 'issued', 'expires', 'signature'];

function refusalOf(input: unknown, gate: Gate, now: string): [VoteRefusal, string] | undefined {
  const state = gateStateAt(gate, now);
  if (state !== 'open') return ['GateClosed', `The gate ${gate.id} is closed: ${state}.`];
  const fields = fieldsOf(input);
  if (!fields) return ['MalformedVote', 'A vote is one JSON object.'];
  // Nobody is required to write `by` and `reason` for the more telling refusal to be reached.
  const fault = shapeFault({ by: '', reason: '', ...fields }, known, required);
  if (fault !== undefined) return ['MalformedVote', `${sentenceCase(fault)}.`];
  return identityRefusal(fields, gate) ?? authorRefusal(fields, gate) ?? timeRefusal(fields, now);
}

function identityRefusal(fields: Record<string, unknown>, gate: Gate): [VoteRefusal, string] | undefined {
  if (textOf(fields.gate) !== gate.id) {
    return [
      'WrongGate',
      `The open gate is ${gate.id}, not ${excerpt(fields.gate)}: the plan you saw may have changed.`,
    ];
  }
  if (textOf(fields.nonce) !== gate.nonce) return ['WrongNonce', `The nonce is not that of gate ${gate.id}.`];
  if (fields.decision === 'approve' || fields.decision === 'reject') return undefined;
  return ['UnknownDecision', `The decision is "approve" or "reject", not ${excerpt(fields.decision)}.`];
}

function authorRefusal(fields: Record<string, unknown>, gate: Gate): [VoteRefusal, string] | undefined {
  if (isBlank(fields.by)) return ['NoName', 'Put your name into "by".'];
  if (isBlank(fields.reason)) return ['NoReason', 'Say why in "reason": it stands in the incident report.'];
  // One who has approved may still reject: stopping needs no second thoughts about who may do it.
  if (fields.decision === 'reject') return undefined;
  const voted = gate.votes.some((vote) => sameName(vote.by, textOf(fields.by)));
  return voted ? ['DuplicateVote', `${excerpt(fields.by)} has voted already.`] : undefined;
}

function timeRefusal(fields: Record<string, unknown>, now: string): [VoteRefusal, string] | undefined {
  const bad = (['issued', 'expires'] as const).find(
    (name) => fields[name] !== undefined && timeOf(fields[name]) === undefined,
  );
  if (bad) return ['MalformedVote', `"${bad}" must be a time like 2026-11-22T12:00:00Z.`];
  const expires = timeOf(fields.expires);
  if (expires === undefined || expires > Date.parse(now)) return undefined;
  return ['VoteExpired', `The vote expired at ${new Date(expires).toISOString()}; it is ${now} now.`];
}

/** Only what is known, each trimmed: nothing that a hostile payload carries besides gets into the state. */
function voteFrom(fields: Record<string, unknown>): Vote {
  const vote: Vote = {
    gate: textOf(fields.gate),
    nonce: textOf(fields.nonce),
    decision: fields.decision === 'approve' ? 'approve' : 'reject',
    by: textOf(fields.by),
    reason: textOf(fields.reason),
  };
  if (fields.issued !== undefined) vote.issued = textOf(fields.issued);
  if (fields.expires !== undefined) vote.expires = textOf(fields.expires);
  return vote;
}

/** "Anna", "anna " and "Anna" with a zero-width space are one approver. */
function sameName(left: string, right: string): boolean {
  return canonicalName(left) === canonicalName(right);
}

function canonicalName(name: string): string {
  return name.normalize('NFKC').replaceAll(invisible, '').trim().replaceAll(/\s+/g, ' ').toLowerCase();
}
