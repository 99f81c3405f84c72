import type { Vote } from './approval.ts';
import type { ResolveAction, RunState } from './run.ts';

/**
 * What a person says to a run: a vote, what becomes of a blocked step, an abort, the brake. In mode `signed` it counts only
 * with an OpenSSH signature (`ssh-keygen -Y sign`) over the canonical JSON (RFC 8785) of all its fields but the signature.
 * So every field is a string, and every statement names the run, the plan and the moment that it is about: a signature that
 * is good elsewhere, or was good once, is good for nothing here.
 */
export const statementKinds = ['vote', 'resolveStep', 'abort', 'supersede', 'pause', 'resume'] as const;

export type StatementKind = (typeof statementKinds)[number];

/** What is said to one run; the brake is no run. */
export type RunStatementKind = Exclude<StatementKind, 'pause' | 'resume'>;

/** For `ssh-keygen -Y sign -n`: a signature made for git or for files is none here. */
export const signatureNamespace = 'control-plane-recovery';

/** What a statement must be about in order to count. */
export interface Subject {
  kind: StatementKind;
  cluster: string;
  /** The workflow's id, and the id of the first run that bore it: the same after a Reset. */
  workflow: string;
  firstRun: string;
  /** Digest of the plan that it is about; empty where there is none yet. */
  plan: string;
  /** Made anew for each gate, each blocked step and each run, and by a Reset. */
  nonce: string;
}

/** The fields that a signed statement carries besides its own; in mode `open` they may be left out. */
export interface SignedFields {
  kind: StatementKind;
  cluster: string;
  workflow: string;
  firstRun: string;
  plan: string;
  /** ISO 8601 with a zone, by the signer's clock. */
  issued: string;
  expires: string;
  /** `-----BEGIN SSH SIGNATURE-----…`, as ssh-keygen writes it. */
  signature: string;
}

/** Who stands behind a statement, as the cluster's allowed-signers file says. */
export interface Proof {
  principal: string;
  /** Fingerprint of the key: `SHA256:…`. */
  key: string;
}

/** Why a signature proves nothing; each has its line in docs/approvals.md. */
export const signatureRefusals = [
  /** Not a signature of exactly these fields. */
  'BadSignature',
  /** By a key that is not in the allowed-signers file, or not for our namespace, or not now. */
  'UnknownKey',
  'RevokedKey',
  /** By a key of somebody else than `by`. */
  'WrongSigner',
  /** The allowed-signers file is missing, empty, unreadable or malformed: nothing counts. */
  'SignersUnusable',
] as const;

export type SignatureRefusal = (typeof signatureRefusals)[number];

export type SignatureVerdict =
  | { valid: true; proof: Proof }
  | { valid: false; refused: SignatureRefusal; sentence: string };

/**
 * How far the signer's clock may be off: `issued` may lie so far in the future, and a statement counts for so long after
 * it `expires`. Two minutes: ssh and TLS work with clocks that differ by more, so nobody notices.
 */
export const clockToleranceMs = 120_000;

/** All fields of a statement but its signature: what is signed, as RFC 8785 canonical JSON. Every value is a string. */
export type Statement = Record<string, string>;

/** What a person wants to say to a run. */
export type Saying =
  | { kind: 'vote'; decision: Vote['decision'] }
  | { kind: 'resolveStep'; action: ResolveAction }
  | { kind: 'abort' }
  | { kind: 'supersede' };

/** Who says it, and why, and for how long it counts (ISO 8601 with a zone, by the signer's clock). */
export interface Said {
  by: string;
  reason: string;
  issued: string;
  expires: string;
}

/**
 * Exactly what is to be sent, and signed in mode `signed`, in order to say this to that run; `signature` is to be added.
 * Counts in mode `open` too. It names the cluster: for an approval of a plan that is not reversible call this only after the
 * person has typed that name, or quoted the plan's digest. Undefined when the run does not wait for such a statement: no gate
 * has opened, no step is blocked.
 */
export function statementFor(state: RunState, saying: Saying, said: Said): Statement | undefined {
  const subject = subjectOf(state, saying.kind);
  if (!subject) return undefined;
  if (saying.kind === 'vote')
    return statementOf(subject, { gate: state.gate?.id ?? '', decision: saying.decision }, said);
  if (saying.kind !== 'resolveStep') return statementOf(subject, {}, said);
  const { stepId = '', since = '' } = state.blocked ?? {};
  return statementOf(subject, { stepId, since, action: saying.action }, said);
}

/** A statement of any kind; `own` are the fields that only this kind has. */
export function statementOf(subject: Subject, own: Record<string, string>, said: Said): Statement {
  const { by, reason, issued, expires } = said;
  return { ...own, by, reason, ...subject, issued, expires };
}

/** What a statement must be about now; undefined when none is awaited. */
export function subjectOf(state: RunState, kind: RunStatementKind): Subject | undefined {
  if (kind === 'vote') return state.gate?.subject;
  const nonce = kind === 'resolveStep' ? state.blocked?.nonce : state.nonce;
  if (nonce === undefined) return undefined;
  const { cluster, workflow, firstRun, digest: plan = '' } = state;
  return { kind, cluster, workflow, firstRun, plan, nonce };
}
