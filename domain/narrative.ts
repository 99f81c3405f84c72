import { evidenceTable } from './evidence-text.ts';
import { abortPayload, mustSign } from './intervention.ts';
import { clock, code, safe, span, table } from './markdown.ts';
import { planNotes, planTable } from './plan-text.ts';
import type { ApprovalMode } from './policy.ts';
import { isAbortable } from './run.ts';
import type { Outcome, RunState, StepState } from './run.ts';
import { shellWord, waitingSections } from './waiting-page.ts';

export { renderPlan } from './plan-text.ts';

/**
 * The run as the Temporal Web UI shows it under "Current details": what happened, what it waits for, exactly what to
 * send. What a person must do comes first, and whatever does not fit is left out from the end.
 */
export function renderDetails(state: RunState): string {
  const sections = [
    headline(state),
    ...waitingSections(state),
    ground(state),
    steps(state),
    plan(state),
    timeline(state),
    refusedMessages(state),
  ].filter((section) => section !== '');
  return fitting(sections);
}

const phases: Record<RunState['phase'], string> = {
  observing: 'looking at the cluster',
  deciding: 'deciding',
  'waiting-for-approval': '**waiting for approval**; nothing has been changed',
  acting: 'acting',
  blocked: '**blocked: a step failed and waits for a decision**',
  verifying: 'proving the result',
  closed: 'ended',
};

const modes: Record<ApprovalMode, string> = {
  none: 'none: this run never acts',
  open: 'open: names are not proved',
  signed: 'signed: each name is proved by a key',
};

function standing(state: RunState): string {
  if (state.outcome) return state.outcome.status;
  if (state.actedBefore && state.phase === 'waiting-for-approval' && !state.paused)
    return '**waiting for approval**; it may have acted before it was reset';
  return state.paused ? '**paused**' : phases[state.phase];
}

function headline(state: RunState): string {
  const target = state.node === undefined ? '' : ` on ${safe(state.node, 80)}`;
  const lines = [
    `## ${state.runbook}${target} of ${safe(state.cluster, 80)}: ${standing(state)}`,
    '',
    safe(state.outcome?.sentence ?? state.verdict?.because ?? 'No decision yet.', 800),
  ];
  if (state.outcome) lines.push(...outcomeLines(state.outcome));
  lines.push(
    '',
    `Asked for by ${safe(state.requester, 80)} at ${clock(state.startedAt)} UTC. Approvals: ${modes[state.approvals]}.`,
  );
  return lines.join('\n');
}

function outcomeLines(outcome: Outcome): string[] {
  const lines = outcome.evidence.slice(0, 20).map(({ fact }) => `- ${safe(fact, 300)}`);
  const reason = outcome.reason ? ['', `Reason: ${code(outcome.reason)}`] : [];
  const handOver = outcome.handOver === undefined ? [] : ['', `What to do: ${safe(outcome.handOver, 800)}`];
  const owed = outcome.owed
    ? ['', `**Owed:** ${safe(outcome.owed.what, 400)}. Kept by: ${code(outcome.owed.keptBy)}.`]
    : [];
  return [...reason, ...owed, ...(lines.length > 0 ? ['', ...lines] : []), ...handOver];
}

/** Whoever is asked to approve must see what was seen: the plan alone says what would be done, and not why that is right. */
function ground({ phase, verdict }: RunState): string {
  if (phase !== 'waiting-for-approval' || !verdict || verdict.evidence.length === 0) return '';
  const shown = verdict.evidence.slice(0, 16);
  const left = verdict.evidence.length - shown.length;
  const more = left > 0 ? ['', `and ${left} more: the query \`state\` has them all.`] : [];
  return ['### What was found', '', evidenceTable(shown, { fact: 300, source: 120 }), ...more].join('\n');
}

function steps(state: RunState): string {
  // Before the first of them they say nothing that the plan does not.
  if (state.steps.every((step) => step.state === 'pending')) return '';
  const rows = state.steps.map((step, index) => [
    String(index + 1),
    code(step.id),
    stateWord(step),
    span(step.startedAt, step.endedAt),
    safe(step.note ?? step.sentence, 400),
  ]);
  return ['### Steps', '', table(['#', 'step', 'state', 'took', 'what'], rows), '', abortLine(state)]
    .join('\n')
    .trimEnd();
}

function abortLine(state: RunState): string {
  if (state.outcome || state.phase === 'waiting-for-approval') return '';
  if (!isAbortable(state))
    return 'The point of no return is passed: an abort is refused, the way out is forward.';
  const means = state.pastPointOfNoReturn?.abortMeans;
  const stop =
    means === undefined ? 'To stop and put things back' : `To stop from here on, which means that ${means}`;
  if (mustSign(state, { kind: 'abort' }))
    return `${stop}; signed: ${code(`cpr abort ${shellWord(state.cluster)} --reason '…'`)}.`;
  return `${stop}: \`abort\` with ${code(abortPayload)}.`;
}

function stateWord({ state }: StepState): string {
  return state === 'running' || state === 'blocked' ? `**${state}**` : state;
}

function plan(state: RunState): string {
  if (!state.plan) return '';
  const digest = state.digest === undefined ? '' : `, digest ${code(state.digest)}`;
  return [
    `### Plan${digest}`,
    '',
    safe(state.plan.because, 800),
    '',
    planTable(state.plan, 'short'),
    '',
    planNotes(state.plan),
  ].join('\n');
}

function timeline(state: RunState): string {
  if (state.timeline.length === 0) return '';
  const shown = state.timeline.slice(-12);
  const rows = shown.map(({ at, text }) => [clock(at), safe(text, 240)]);
  return ['### Latest', '', table(['UTC', 'what'], rows)].join('\n');
}

function refusedMessages(state: RunState): string {
  if (state.refusedCount === 0) return '';
  const rows = state.refused
    .slice(-5)
    .map(({ at, what, by, why }) => [clock(at), safe(what, 40), safe(by, 80), safe(why, 300)]);
  const head = `### ${state.refusedCount} ${state.refusedCount === 1 ? 'message' : 'messages'} did not count`;
  return [head, '', table(['UTC', 'what', 'by', 'why'], rows)].join('\n');
}

/** Temporal drops details that are too long; 15 kB with room for its own envelope. */
const limit = 14_500;

function fitting(sections: string[]): string {
  const kept: string[] = [];
  let size = 0;
  for (const section of sections) {
    size += bytesOf(section) + 2;
    if (size > limit)
      return [...kept, '_More is left out here: `cpr watch` and the query `state` have it all._'].join(
        '\n\n',
      );
    kept.push(section);
  }
  return kept.join('\n\n');
}

function bytesOf(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}
