import { excerpt, isBlank, textOf, timeOf } from './input.ts';
import { clockToleranceMs } from './statement.ts';
import type { Said, Statement, StatementKind, Subject } from './statement.ts';

/**
 * Is what somebody sent about this run, this plan and this moment? The part of judging that all statements share. Where no
 * signature is needed the fields that say so may be left out; those that are there must be right all the same.
 */
export const aboutRefusals = [
  /** Another kind of statement: an abort that is sent as a vote. */
  'WrongKind',
  'ForeignCluster',
  /** Another workflow, or another run of it. */
  'ForeignRun',
  /** About another plan than the one that is shown now. */
  'StalePlan',
  'WrongNonce',
  'NoSignature',
  /** By more than the tolerance: the signer's clock is ahead, or the statement was made for later. */
  'IssuedInFuture',
] as const;

export type AboutRefusal = (typeof aboutRefusals)[number];

type Found = [AboutRefusal, string] | undefined;

export const signedFieldNames = [
  'kind',
  'cluster',
  'workflow',
  'firstRun',
  'plan',
  'nonce',
  'issued',
  'expires',
] as const;

/** Where a signature is needed, one that is missing is said before anything else. */
export function unsignedRefusal(fields: Record<string, unknown>, { cluster }: Subject): Found {
  if (!isBlank(fields.signature)) return undefined;
  return ['NoSignature', `Approvals of ${cluster} are signed, and this has no signature.`];
}

/** Which command says it. */
const commands: Record<StatementKind, string> = {
  vote: 'approve',
  resolveStep: 'resolve',
  abort: 'abort',
  supersede: 'recover --supersede',
  pause: 'pause',
  resume: 'resume',
};

/** What is told first to somebody whose signed statement did not count: nobody writes one by hand. */
export function howToSign({ kind, cluster }: Subject): string {
  const elsewhere = kind === 'supersede' ? '' : '; with --print it is made ready for pasting';
  return `"cpr ${commands[kind]} ${cluster}" signs and sends one that counts${elsewhere}.`;
}

/** Everything but the nonce and the times. `signed`: nothing may be left open, for then it would count elsewhere too. */
export function foreignRefusal(fields: Record<string, unknown>, subject: Subject, signed: boolean): Found {
  const other = (name: keyof Subject) =>
    (signed || !isBlank(fields[name])) && textOf(fields[name]) !== subject[name];
  if (other('kind')) return ['WrongKind', `This is a ${excerpt(fields.kind)}, not a ${subject.kind}.`];
  if (other('cluster'))
    return ['ForeignCluster', `This run is of ${subject.cluster}, not of ${excerpt(fields.cluster)}.`];
  if (other('workflow') || other('firstRun'))
    return ['ForeignRun', `It is about another run than this one of ${subject.workflow}.`];
  // Whoever wants to stop a run means it whatever its plan is by now.
  if (subject.kind === 'abort' || subject.kind === 'supersede' || !other('plan')) return undefined;
  return ['StalePlan', `It is about plan ${short(fields.plan)}; the plan now is ${short(subject.plan)}.`];
}

export function nonceRefusal(fields: Record<string, unknown>, { nonce }: Subject, whose: string): Found {
  if (fields.nonce === undefined || textOf(fields.nonce) === nonce) return undefined;
  return ['WrongNonce', `The nonce is not that of ${whose}.`];
}

/** What is malformed or expired has a name of its own for votes and for commands. */
export function timeRefusal<Malformed extends string, Expired extends string>(
  fields: Record<string, unknown>,
  now: string,
  { malformed, expired }: { malformed: Malformed; expired: Expired },
): [AboutRefusal | Malformed | Expired, string] | undefined {
  const names = ['issued', 'expires'] as const;
  const bad = names.find((name) => fields[name] !== undefined && timeOf(fields[name]) === undefined);
  if (bad) return [malformed, `"${bad}" must be a time like 2026-11-22T12:00:00Z.`];
  const [issued, expires] = names.map((name) => timeOf(fields[name]));
  const at = Date.parse(now);
  if (issued !== undefined && issued > at + clockToleranceMs)
    return ['IssuedInFuture', `It was issued at ${iso(issued)} by its own clock; it is ${now} here.`];
  if (expires === undefined) return undefined;
  if (issued !== undefined && expires < issued) return [malformed, '"expires" lies before "issued".'];
  if (expires + clockToleranceMs > at) return undefined;
  return [expired, `It expired at ${iso(expires)}; it is ${now} now.`];
}

/** For a person who has to fill in the rest: what a signed statement says, with blanks where only they know. */
export const blanks: Said = {
  by: '<your name>',
  reason: '<why>',
  issued: '<now, like 2026-11-22T12:00:00Z>',
  expires: '<until when it counts>',
};

export const signatureBlank = '<what ssh-keygen -Y sign wrote>';

/** The statement as it was sent, trimmed nowhere: what the signature must be over. Only for input that was judged. */
export function sentStatement(fields: Record<string, unknown>): { statement: Statement; signature: string } {
  const { signature, ...rest } = fields as Record<string, string>;
  return { statement: rest, signature: signature ?? '' };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

function short(digest: unknown): string {
  return excerpt(textOf(digest).slice(0, 12));
}
