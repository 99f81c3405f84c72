import { excerpt, fieldsOf, isBlank, pasteable, sentenceCase, shapeFault, textOf } from './input.ts';
import type { Judgement } from './input.ts';
import type { AbortRequest, BlockedStep, ResolveAction, ResolveStep, RunState } from './run.ts';

/** Why a command about a running recovery did not count; each has its line in docs/approvals.md. */
export const interventionRefusals = [
  'NothingBlocked',
  'NothingToAbort',
  'MalformedCommand',
  'WrongStep',
  'UnknownAction',
  'PastPointOfNoReturn',
  'NoName',
  'NoReason',
] as const;

export type InterventionRefusal = (typeof interventionRefusals)[number];

/** What to paste to go on after a failed step, but for the two fields that only a person can fill. */
export function resolvePayload(blocked: BlockedStep, action: ResolveAction = 'retry'): string {
  const { stepId, since } = blocked;
  return pasteable({ stepId, since, action, by: '<your name>', reason: '<why>' });
}

export const abortPayload = pasteable({ by: '<your name>', reason: '<why>' });

/** What to do instead of an abort that is no longer possible. */
function insteadOfAbort(node = 'the node'): string {
  return (
    `The kubelet of ${node} has been restarted: putting the rejected credential back would only bring the outage back. ` +
    'Let the run finish; if a step is blocked, mend what its error names and retry it.'
  );
}

/** Total over any input. */
export function judgeResolve(
  input: unknown,
  blocked: BlockedStep | undefined,
): Judgement<ResolveStep, InterventionRefusal> {
  if (!blocked)
    return { refused: 'NothingBlocked', sentence: 'No step is blocked.', expected: 'Nothing to resolve.' };
  const refusal = resolveRefusal(input, blocked);
  if (refusal) return { refused: refusal[0], sentence: refusal[1], expected: resolvePayload(blocked) };
  const fields = input as Record<string, unknown>;
  const action = fields.action === 'abort' ? 'abort' : 'retry';
  return { counts: { stepId: blocked.stepId, action, by: textOf(fields.by), reason: textOf(fields.reason) } };
}

function resolveRefusal(input: unknown, blocked: BlockedStep): [InterventionRefusal, string] | undefined {
  const wanted = ['stepId', 'action', 'by', 'reason'];
  const fields = fieldsOf(input);
  const fault = faultIn(fields, wanted, ['since']);
  if (!fields || fault !== undefined) return ['MalformedCommand', fault ?? 'A decision is one JSON object.'];
  if (textOf(fields.stepId) !== blocked.stepId) {
    return ['WrongStep', `The blocked step is ${blocked.stepId}, not ${excerpt(fields.stepId)}.`];
  }
  // Two people send the same retry, the first makes the step fail anew: the second was not about that failure.
  if (fields.since !== undefined && textOf(fields.since) !== blocked.since) {
    return [
      'WrongStep',
      `That is about an earlier failure of ${blocked.stepId}; it failed anew at ${blocked.since}. Look at it first.`,
    ];
  }
  if (fields.action !== 'retry' && fields.action !== 'abort') {
    return ['UnknownAction', `The action is ${blocked.choices.join(' or ')}, not ${excerpt(fields.action)}.`];
  }
  if (!blocked.choices.includes(fields.action)) return ['PastPointOfNoReturn', blocked.advice];
  return authorRefusal(fields);
}

/** Total over any input. Refused by name once the kubelet has been restarted, with what to do instead. */
export function judgeAbort(input: unknown, state: RunState): Judgement<AbortRequest, InterventionRefusal> {
  if (state.outcome || state.phase === 'closed') {
    return { refused: 'NothingToAbort', sentence: 'The run has ended.', expected: 'Nothing to abort.' };
  }
  if (state.pastPointOfNoReturn) {
    const expected = state.blocked ? resolvePayload(state.blocked) : 'No abort is possible any more.';
    return { refused: 'PastPointOfNoReturn', sentence: insteadOfAbort(state.node), expected };
  }
  const fields = fieldsOf(input);
  const fault = faultIn(fields, ['by', 'reason']);
  const refusal: [InterventionRefusal, string] | undefined =
    !fields || fault !== undefined
      ? ['MalformedCommand', fault ?? 'An abort is one JSON object.']
      : authorRefusal(fields);
  if (refusal) return { refused: refusal[0], sentence: refusal[1], expected: abortPayload };
  return { counts: { by: textOf(fields?.by), reason: textOf(fields?.reason) } };
}

function faultIn(
  fields: Record<string, unknown> | undefined,
  wanted: string[],
  optional: string[] = [],
): string | undefined {
  if (!fields) return undefined;
  const fault = shapeFault({ by: '', reason: '', ...fields }, [...wanted, ...optional], wanted);
  return fault === undefined ? undefined : `${sentenceCase(fault)}.`;
}

function authorRefusal(fields: Record<string, unknown>): [InterventionRefusal, string] | undefined {
  if (isBlank(fields.by)) return ['NoName', 'Put your name into "by".'];
  if (isBlank(fields.reason)) return ['NoReason', 'Say why in "reason": it stands in the incident report.'];
  return undefined;
}
