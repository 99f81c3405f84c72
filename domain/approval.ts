import {
  blanks,
  foreignRefusal,
  howToSign,
  nonceRefusal,
  signatureBlank,
  signedFieldNames,
  timeRefusal,
  unsignedRefusal,
} from './about.ts';
import { fullSentence, gateStateAt, isFull, standing } from './gate.ts';
import {
  excerpt,
  fieldsOf,
  isBlank,
  pasteable,
  sameName,
  sentenceCase,
  shapeFault,
  textOf,
} from './input.ts';
import type { Judgement } from './input.ts';
import type { Risk } from './plan.ts';
import type { ApprovalMode } from './policy.ts';
import { statementOf } from './statement.ts';
import type { Proof, SignedFields, Subject } from './statement.ts';

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
  /** Who asked for the run: where two must approve, one of them is somebody else. */
  requester: string;
  /** ISO 8601. */
  opened: string;
  deadline: string;
  /** Those that counted, withdrawals and what they withdrew too. */
  votes: CastVote[];
  /** Why nothing that is said here counts any more: "its plan is being carried out". */
  closed?: string;
}

/** Why a vote did not count; each has its line in docs/approvals.md, beside those of a signature that proves nothing. */
export const voteRefusals = [
  'NoGateOpen',
  'GateClosed',
  'MalformedVote',
  'WrongKind',
  'ForeignCluster',
  'ForeignRun',
  'StalePlan',
  'WrongGate',
  'WrongNonce',
  'UnknownDecision',
  'NoName',
  'NoReason',
  'ClusterNotTyped',
  'IssuedInFuture',
  'VoteExpired',
  'DuplicateVote',
  'ReplayedVote',
  'NothingToWithdraw',
  'TooManyVotes',
  'NoSignature',
] as const;

export type VoteRefusal = (typeof voteRefusals)[number];

/**
 * What to paste into "Send a Signal" or "Send an Update", but for what only a person can fill in: in mode `signed` that is
 * the signature too, and `cpr approve --print` is the way to it.
 */
export function votePayload(gate: Gate, decision: Vote['decision'] = 'approve'): string {
  const own = { gate: gate.id, nonce: gate.nonce, decision };
  if (gate.mode === 'signed')
    return pasteable({ ...statementOf(gate.subject, own, blanks), signature: signatureBlank });
  const typed = mustType(gate, decision) ? { cluster: clusterBlank } : {};
  return pasteable({ ...own, by: blanks.by, reason: blanks.reason, ...typed });
}

const clusterBlank = "<type the cluster's name>";

/** Whoever approves what cannot be undone must have written down where. */
function mustType({ risk }: Gate, decision: unknown): boolean {
  return decision === 'approve' && risk !== 'reversible';
}

/**
 * Everything about a vote but whether its signature is good. Total over any input. A field that we do not know makes a vote
 * malformed: an approval that is not understood wholly, for instance one whose `expires` was misspelt, is not an approval.
 */
export function judgeVote(input: unknown, gate: Gate | undefined, now: string): Judgement<Vote, VoteRefusal> {
  if (!gate)
    return { refused: 'NoGateOpen', sentence: 'No gate is open.', expected: 'No vote is awaited now.' };
  const refusal = refusalOf(input, gate, now);
  if (!refusal) return { counts: voteFrom(input as Record<string, unknown>) };
  return {
    refused: refusal[0],
    sentence: refusal[1],
    expected: gate.mode === 'signed' ? howToSign(gate.subject) : votePayload(gate),
  };
}

/** Two names with one key are one person. */
export function judgeVoter(vote: Vote, proof: Proof, gate: Gate): Refusal | undefined {
  // Rejecting and withdrawing only ever stop something.
  if (vote.decision !== 'approve') return undefined;
  const same = standing(gate).find((cast) => cast.proof?.key === proof.key);
  if (!same) return undefined;
  return ['DuplicateVote', `The key ${proof.key} has voted already, as ${excerpt(same.by)}.`];
}

type Refusal = [VoteRefusal, string];

const required = ['gate', 'nonce', 'decision', 'by', 'reason'];
const known = [...new Set([...required, ...signedFieldNames, 'signature'])];

function refusalOf(input: unknown, gate: Gate, now: string): Refusal | undefined {
  const fields = fieldsOf(input);
  const closed = closedRefusal(fields?.decision, gate, now);
  if (closed) return closed;
  if (!fields) return ['MalformedVote', 'A vote is one JSON object.'];
  const signed = gate.mode === 'signed';
  if (signed) {
    const unsigned = unsignedRefusal(fields, gate.subject);
    if (unsigned) return unsigned;
  }
  // Nobody is required to write `by` and `reason` for the more telling refusal to be reached.
  const fault = shapeFault({ by: '', reason: '', ...fields }, known, signed ? known : required);
  if (fault !== undefined) return ['MalformedVote', `${sentenceCase(fault)}.`];
  return (
    identityRefusal(fields, gate) ??
    authorRefusal(fields, gate) ??
    timeRefusal(fields, now, { malformed: 'MalformedVote', expired: 'VoteExpired' }) ??
    repeatedRefusal(fields, gate)
  );
}

/** Once a gate has its votes only a change of mind is heard, and that until the first act begins. */
function closedRefusal(decision: unknown, gate: Gate, now: string): Refusal | undefined {
  if (gate.closed !== undefined) return ['GateClosed', `The gate ${gate.id} is closed: ${gate.closed}.`];
  const state = gateStateAt(gate, now);
  if (state === 'open') return undefined;
  if (state === 'approved' && (decision === 'reject' || decision === 'withdraw')) return undefined;
  return ['GateClosed', `The gate ${gate.id} is closed: ${state}.`];
}

function identityRefusal(fields: Record<string, unknown>, gate: Gate): Refusal | undefined {
  const foreign = foreignRefusal(fields, gate.subject, gate.mode === 'signed');
  if (foreign) return foreign;
  if (textOf(fields.gate) !== gate.id) {
    return [
      'WrongGate',
      `The open gate is ${gate.id}, not ${excerpt(fields.gate)}: the plan you saw may have changed.`,
    ];
  }
  const { decision } = fields;
  const nonce = nonceRefusal(fields, gate.subject, `gate ${gate.id}`);
  if (nonce) return nonce;
  if (decision === 'approve' || decision === 'reject' || decision === 'withdraw') return undefined;
  return ['UnknownDecision', `The decision is "approve", "reject" or "withdraw", not ${excerpt(decision)}.`];
}

function authorRefusal(fields: Record<string, unknown>, gate: Gate): Refusal | undefined {
  if (isBlank(fields.by)) return ['NoName', 'Put your name into "by".'];
  if (isBlank(fields.reason)) return ['NoReason', 'Say why in "reason": it stands in the incident report.'];
  if (!mustType(gate, fields.decision) || !isBlank(fields.cluster)) return undefined;
  return [
    'ClusterNotTyped',
    'A step of this plan cannot be undone: type the name of the cluster that you mean into "cluster".',
  ];
}

function repeatedRefusal(fields: Record<string, unknown>, gate: Gate): Refusal | undefined {
  const vote = voteFrom(fields);
  const before = gate.votes.find((cast) => isSameStatement(cast, vote));
  if (before && !standing(gate).includes(before)) {
    return [
      'ReplayedVote',
      `This very vote has counted once, at ${before.at}, and was overtaken: say it anew, with another "issued" or "reason".`,
    ];
  }
  const voted = standing(gate).some((cast) => cast.decision === 'approve' && sameName(cast.by, vote.by));
  if (vote.decision === 'approve' && voted)
    return ['DuplicateVote', `${excerpt(vote.by)} has voted already.`];
  if (vote.decision === 'approve' && isFull(gate)) return ['TooManyVotes', fullSentence(gate)];
  if (vote.decision !== 'withdraw' || voted) return undefined;
  return ['NothingToWithdraw', `No approval by ${excerpt(vote.by)} stands at gate ${gate.id}.`];
}

/** The signature is no part of what is said: the same words can be signed, and a signature be written, in several ways. */
function isSameStatement(cast: Vote, vote: Vote): boolean {
  return known.every((name) => cast[name as keyof Vote] === vote[name as keyof Vote]);
}

/** Only what is known, each trimmed: nothing that a hostile payload carries besides gets into the state. */
function voteFrom(fields: Record<string, unknown>): Vote {
  const vote: Vote = {
    gate: textOf(fields.gate),
    nonce: textOf(fields.nonce),
    decision: fields.decision as Vote['decision'],
    by: textOf(fields.by),
    reason: textOf(fields.reason),
  };
  for (const name of optional)
    if (!isBlank(fields[name])) Object.assign(vote, { [name]: textOf(fields[name]) });
  return vote;
}

const optional = signedFieldNames.filter((name) => name !== 'nonce');
