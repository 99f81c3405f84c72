import { foreignRefusal, nonceRefusal, timeRefusal, unsignedRefusal, type AboutRefusal } from './about.ts';
import type { BrakeRelease, BrakeRequest, BrakeState } from './brake.ts';
import {
  fieldsOf,
  isBlank,
  pasteable,
  sentenceCase,
  shapeFault,
  textOf,
  timeOf,
  type Judgement,
} from './input.ts';
import type { Subject } from './statement.ts';
import { block, clock, code, safe, table } from './markdown.ts';

/** Why a word about the brake did not count, besides what is wrong with a signature. */
export type BrakeRefusal = 'MalformedCommand' | 'NoName' | 'NoReason' | 'BrakeReleased' | SignedRefusal;

/** The same of one that must be signed, before anybody looks at the signature. */
export type SignedRefusal = AboutRefusal | 'MalformedCommand' | 'CommandExpired' | 'ValidTooLong';

const signed = ['kind', 'workflow', 'firstRun', 'plan', 'nonce', 'issued', 'expires', 'signature', 'cluster'];

/** What to start a `Brake` with, but for what only a person can fill in. */
export function pausePayload(cluster: string): string {
  return pasteable({ cluster, by: '<your name>', reason: '<why>' });
}

/** What to send as `release`, but for what only a person can fill in. */
const releasePayload = pasteable({ by: '<your name>', reason: '<why>' });

/** Total over any input. Signatures are judged elsewhere. */
export function judgePause(input: unknown): Judgement<BrakeRequest, BrakeRefusal> {
  const fields = fieldsOf(input);
  const expected = pausePayload(textOf(fields?.['cluster']) || 'prod-eu-1');
  const refusal = refusalOf(fields, ['cluster']);
  if (refusal || !fields) return { ...(refusal ?? malformed('a pause is one JSON object')), expected };
  return { counts: { ...wordsOf(fields), cluster: textOf(fields['cluster']) } };
}

/** Total over any input. */
export function judgeRelease(input: unknown, state: BrakeState): Judgement<BrakeRelease, BrakeRefusal> {
  const expected = releasePayload;
  if (state.phase === 'released')
    return { refused: 'BrakeReleased', sentence: 'The brake has been released.', expected };
  const fields = fieldsOf(input);
  const refusal = refusalOf(fields, []);
  if (refusal || !fields) return { ...(refusal ?? malformed('a release is one JSON object')), expected };
  return { counts: wordsOf(fields) };
}

/**
 * Whether a signed word is about this subject, now. `validForMs`: it may not have been made to count for longer. Says nothing
 * about the signature itself.
 */
export function signedRefusal(
  said: BrakeRelease,
  subject: Subject,
  now: string,
  validForMs = Infinity,
): { refused: SignedRefusal; sentence: string } | undefined {
  const fields = { ...said, nonce: said.nonce ?? '' };
  const found =
    unsignedRefusal(fields, subject) ??
    foreignRefusal(fields, subject, true) ??
    nonceRefusal(fields, subject, 'this brake') ??
    lifetimeRefusal(said, validForMs) ??
    timeRefusal(fields, now, { malformed: 'MalformedCommand', expired: 'CommandExpired' });
  return found && { refused: found[0], sentence: found[1] };
}

function lifetimeRefusal(
  { issued, expires }: BrakeRelease,
  validForMs: number,
): [SignedRefusal, string] | undefined {
  const [from, until] = [timeOf(issued), timeOf(expires)];
  if (from === undefined || until === undefined)
    return ['MalformedCommand', 'It must say from when and until when it counts: "issued" and "expires".'];
  if (until - from <= validForMs) return undefined;
  const minutes = validForMs / 60_000;
  return [
    'ValidTooLong',
    `It may count for ${minutes} minutes at most, so that it cannot be sent again later.`,
  ];
}

interface Refused {
  refused: BrakeRefusal;
  sentence: string;
}

function refusalOf(fields: Record<string, unknown> | undefined, wanted: string[]): Refused | undefined {
  if (!fields) return malformed('it is not one JSON object');
  // Nobody is required to write `by` and `reason` for the more telling refusal to be reached.
  const fault = shapeFault({ by: '', reason: '', ...fields }, ['by', 'reason', ...signed], wanted);
  if (fault !== undefined) return malformed(fault);
  if (isBlank(fields['by'])) return { refused: 'NoName', sentence: 'Put your name into "by".' };
  if (isBlank(fields['reason']))
    return { refused: 'NoReason', sentence: 'Say why in "reason": whoever is held by it reads it.' };
  return undefined;
}

function malformed(fault: string): Refused {
  return { refused: 'MalformedCommand', sentence: `${sentenceCase(fault)}.` };
}

/** Only what is known, each exactly as it was sent: that is what a signature is over. */
function wordsOf(fields: Record<string, unknown>): BrakeRelease {
  const given = ['by', 'reason', ...signed].filter((name) => typeof fields[name] === 'string');
  // The cast: its shape was judged before, so `by` and `reason` are there, and all of them are text.
  return Object.fromEntries(given.map((name) => [name, fields[name]])) as unknown as BrakeRelease;
}

/** What the Web UI shows of a brake under "Current details": what it is, and how it is released. */
export function renderBrake(state: BrakeState): string {
  const { brake, cluster, phase } = state;
  const by = `${safe(brake.by, 80)} (${brake.proof ? `key ${code(brake.proof.key)}` : 'unproved name'})`;
  const lines = [
    `## Brake of ${safe(cluster, 80)}: ${phases[phase]}`,
    '',
    `Put on by ${by} at ${clock(brake.since)} UTC: ${safe(brake.reason, 800)}`,
  ];
  if (state.released) {
    const { by: who, at, reason } = state.released;
    lines.push('', `Released by ${safe(who, 80)} at ${clock(at)} UTC: ${safe(reason, 800)}`);
  } else lines.push('', ...howToRelease(state));
  if (state.refusedCount > 0) lines.push('', ...refusedLines(state));
  return lines.join('\n');
}

const phases: Record<BrakeState['phase'], string> = {
  verifying: 'being verified; runs hold meanwhile',
  on: '**on**',
  released: 'released',
};

function howToRelease({ cluster, mode }: BrakeState): string[] {
  const here =
    mode === 'signed'
      ? ['This cluster counts only what is signed:']
      : ['Here: **Send a Signal** (or **Send an Update**), name `release`, and this as input:', ''].concat(
          block(releasePayload, 'json'),
          ['', 'Or in a terminal:'],
        );
  return [
    'While it is on, no run of this cluster begins another act, and none is lost: each waits at its step. An abort is still heard. To terminate or cancel this workflow releases nothing.',
    '',
    ...here,
    '',
    block(`cpr resume ${/^[\w.-]+$/.test(cluster) ? cluster : "'…'"} --reason '…'`),
  ];
}

function refusedLines({ refused, refusedCount }: BrakeState): string[] {
  const rows = refused.slice(-5).map(({ at, by, why }) => [clock(at), safe(by, 80), safe(why, 300)]);
  return [`### ${refusedCount} did not count`, '', table(['UTC', 'by', 'why'], rows)];
}
