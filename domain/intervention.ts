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
import { mayHaveActed } from './aftermath.ts';
import { excerpt, fieldsOf, isBlank, pasteable, sentenceCase, shapeFault, textOf } from './input.ts';
import type { Judgement } from './input.ts';
import { isAbortable } from './run.ts';
import type { AbortRequest, BlockedStep, ResolveAction, ResolveStep, RunState } from './run.ts';
import { statementFor, subjectOf } from './statement.ts';
import type { Saying, Subject } from './statement.ts';

/**
 * Why a command about a running recovery did not count; each has its line in docs/approvals.md, beside those of a signature
 * that proves nothing.
 */
export const interventionRefusals = [
  'NothingBlocked',
  'NothingToAbort',
  'NothingToSupersede',
  'MalformedCommand',
  'WrongKind',
  'ForeignCluster',
  'ForeignRun',
  'StalePlan',
  'WrongNonce',
  'WrongStep',
  'UnknownAction',
  'NotSkippable',
  'PastPointOfNoReturn',
  'NoName',
  'NoReason',
  'IssuedInFuture',
  'CommandExpired',
  'NoSignature',
] as const;

export type InterventionRefusal = (typeof interventionRefusals)[number];

type Refusal = [InterventionRefusal, string];

/** What to paste to go on after a failed step, but for the two fields that only a person can fill. */
export function resolvePayload(blocked: BlockedStep, action: ResolveAction = 'retry'): string {
  const { stepId, since } = blocked;
  return pasteable({ stepId, since, action, by: blanks.by, reason: blanks.reason });
}

/** The same for an abort and for superseding, where no signature is needed. */
export const abortPayload = pasteable({ by: blanks.by, reason: blanks.reason });

/** What to paste in either mode. `cpr … --print` fills it in where it must be signed. */
export function payloadFor(state: RunState, saying: Exclude<Saying, { kind: 'vote' }>): string {
  const { blocked } = state;
  if (!mustSign(state, saying))
    return saying.kind === 'resolveStep' && blocked ? resolvePayload(blocked, saying.action) : abortPayload;
  const statement = statementFor(state, saying, blanks);
  return statement
    ? pasteable({ ...statement, signature: signatureBlank })
    : 'Nothing of the kind is awaited.';
}

function expectedFor(state: RunState, saying: Exclude<Saying, { kind: 'vote' }>): string {
  const subject = subjectOf(state, saying.kind);
  return subject && mustSign(state, saying) ? howToSign(subject) : payloadFor(state, saying);
}

/** Whoever tries again risks only what was approved; everything else in mode `signed` is as good as a vote. */
export function mustSign({ approvals }: RunState, saying: Exclude<Saying, { kind: 'vote' }>): boolean {
  return approvals === 'signed' && !(saying.kind === 'resolveStep' && saying.action === 'retry');
}

/** What to do instead of an abort that is no longer possible. */
function insteadOfAbort(node = 'the node'): string {
  return (
    `The kubelet of ${node} has been restarted: putting the rejected credential back would only bring the outage back. ` +
    'Let the run finish; if a step is blocked, mend what its error names and retry it.'
  );
}

/** Everything but whether the signature is good. Total over any input. */
export function judgeResolve(
  input: unknown,
  state: RunState,
  now: string,
): Judgement<ResolveStep, InterventionRefusal> {
  const { blocked } = state;
  if (!blocked)
    return { refused: 'NothingBlocked', sentence: 'No step is blocked.', expected: 'Nothing to resolve.' };
  const action = actionIn(fieldsOf(input));
  const saying = { kind: 'resolveStep', action: action ?? 'retry' } as const;
  const refusal = resolveRefusal(input, state, blocked, now);
  if (refusal) return { refused: refusal[0], sentence: refusal[1], expected: expectedFor(state, saying) };
  const { by, reason } = input as Record<string, unknown>;
  return {
    counts: { stepId: blocked.stepId, action: saying.action, by: textOf(by), reason: textOf(reason) },
  };
}

function resolveRefusal(
  input: unknown,
  state: RunState,
  blocked: BlockedStep,
  now: string,
): Refusal | undefined {
  const fields = fieldsOf(input);
  const action = actionIn(fields);
  const saying = { kind: 'resolveStep', action: action ?? 'retry' } as const;
  const early = commandRefusal(fields, state, saying, ['stepId', 'action']);
  if (early || !fields) return early;
  if (textOf(fields.stepId) !== blocked.stepId)
    return ['WrongStep', `The blocked step is ${blocked.stepId}, not ${excerpt(fields.stepId)}.`];
  // Two people send the same retry, the first makes the step fail anew: the second was not about that failure.
  if (fields.since !== undefined && textOf(fields.since) !== blocked.since) {
    return [
      'WrongStep',
      `That is about an earlier failure of ${blocked.stepId}; it failed anew at ${blocked.since}. Look at it first.`,
    ];
  }
  if (!action)
    return ['UnknownAction', `The action is ${blocked.choices.join(' or ')}, not ${excerpt(fields.action)}.`];
  return choiceRefusal(action, blocked) ?? lateRefusal(fields, state, saying, now);
}

function actionIn(fields: Record<string, unknown> | undefined): ResolveAction | undefined {
  return (['retry', 'skip', 'abort'] as const).find((action) => action === fields?.action);
}

function choiceRefusal(action: ResolveAction, { choices, stepId, advice }: BlockedStep): Refusal | undefined {
  if (choices.includes(action)) return undefined;
  if (action === 'skip')
    return ['NotSkippable', `The plan does not allow going on without ${stepId}. ${advice}`];
  return ['PastPointOfNoReturn', advice];
}

/** Everything but whether the signature is good. Total over any input. Refused by name past the point of no return. */
export function judgeAbort(
  input: unknown,
  state: RunState,
  now: string,
): Judgement<AbortRequest, InterventionRefusal> {
  if (state.outcome || state.phase === 'closed') {
    return { refused: 'NothingToAbort', sentence: 'The run has ended.', expected: 'Nothing to abort.' };
  }
  if (!isAbortable(state)) {
    const expected = state.blocked ? resolvePayload(state.blocked) : 'No abort is possible any more.';
    return { refused: 'PastPointOfNoReturn', sentence: insteadOfAbort(state.node), expected };
  }
  return judgeStop(input, state, 'abort', now);
}

/** Gives the cluster's lock to somebody who needs it. Only a run that has not acted can be asked to go. Total over any input. */
export function judgeSupersede(
  input: unknown,
  state: RunState,
  now: string,
): Judgement<AbortRequest, InterventionRefusal> {
  if (state.phase !== 'waiting-for-approval' || mayHaveActed(state)) {
    const why = mayHaveActed(state) ? 'has acted, or was reset and cannot tell' : `is ${state.phase}`;
    const sentence = `Only a run that waits at a gate and has not acted can be superseded; this one ${why}.`;
    return { refused: 'NothingToSupersede', sentence, expected: 'Abort it instead, or wait for its end.' };
  }
  return judgeStop(input, state, 'supersede', now);
}

function judgeStop(
  input: unknown,
  state: RunState,
  kind: 'abort' | 'supersede',
  now: string,
): Judgement<AbortRequest, InterventionRefusal> {
  const fields = fieldsOf(input);
  const refusal =
    commandRefusal(fields, state, { kind }, []) ?? lateRefusal(fields ?? {}, state, { kind }, now);
  if (refusal) return { refused: refusal[0], sentence: refusal[1], expected: expectedFor(state, { kind }) };
  return { counts: { by: textOf(fields?.by), reason: textOf(fields?.reason) } };
}

/** Is it well-formed, and signed where it must be? */
function commandRefusal(
  fields: Record<string, unknown> | undefined,
  state: RunState,
  saying: Exclude<Saying, { kind: 'vote' }>,
  own: string[],
): Refusal | undefined {
  if (!fields) return ['MalformedCommand', 'A command is one JSON object.'];
  const subject = subjectOf(state, saying.kind);
  const signed = mustSign(state, saying);
  const unsigned = signed && subject && unsignedRefusal(fields, subject);
  if (unsigned) return unsigned;
  const wanted = [...own, 'by', 'reason', ...(signed ? signedFieldNames : [])];
  const since = saying.kind === 'resolveStep' ? ['since'] : [];
  const known = [...wanted, ...signedFieldNames, ...since, 'signature'];
  const fault = shapeFault({ by: '', reason: '', ...fields }, known, wanted);
  return fault === undefined ? undefined : ['MalformedCommand', `${sentenceCase(fault)}.`];
}

/** Is it about this run and this moment, and does somebody stand behind it? */
function lateRefusal(
  fields: Record<string, unknown>,
  state: RunState,
  saying: Exclude<Saying, { kind: 'vote' }>,
  now: string,
): Refusal | undefined {
  const subject = subjectOf(state, saying.kind);
  const foreign = subject && aboutRefusal(fields, subject, mustSign(state, saying));
  if (foreign) return foreign;
  if (isBlank(fields.by)) return ['NoName', 'Put your name into "by".'];
  if (isBlank(fields.reason)) return ['NoReason', 'Say why in "reason": it stands in the incident report.'];
  return timeRefusal(fields, now, { malformed: 'MalformedCommand', expired: 'CommandExpired' });
}

function aboutRefusal(
  fields: Record<string, unknown>,
  subject: Subject,
  signed: boolean,
): Refusal | undefined {
  const whose = subject.kind === 'resolveStep' ? 'the step that is blocked now' : 'this run';
  return foreignRefusal(fields, subject, signed) ?? nonceRefusal(fields, subject, whose);
}
