import { beforeReset } from './aftermath.ts';
import type { Gate } from './approval.ts';
import { evidenceTable } from './evidence-text.ts';
import { code, duration, list, safe, span, table } from './markdown.ts';
import { planNotes, planTable } from './plan-text.ts';
import type { RunState, TimelineEntry } from './run.ts';
import { driftBlock, modeSentence, pausedText, votesTable } from './votes-text.ts';

/**
 * The incident record that a person would have wanted to file: what was wrong, how we know, what was done by whose word,
 * what it cost in time, and what to keep an eye on. Written from the run's own state, so it can be had at any moment.
 */
export function renderReport(state: RunState): string {
  return [
    summary(state),
    found(state),
    planned(state),
    overtaken(state),
    approvals(state),
    done(state),
    refusals(state),
    remains(state),
    timeline(state.timeline),
  ]
    .filter((section) => section !== '')
    .join('\n\n')
    .concat('\n');
}

function summary(state: RunState): string {
  const target = state.node === undefined ? '' : `${safe(state.node)} of `;
  const { outcome } = state;
  const facts: string[][] = [
    [
      'outcome',
      outcome
        ? `**${outcome.status}**${outcome.reason ? ` (${code(outcome.reason)})` : ''}`
        : `still open: ${state.phase}`,
    ],
    ['cluster', safe(state.cluster)],
    ['node', safe(state.node ?? 'none')],
    ['asked for by', safe(state.requester)],
    ['began', safe(state.startedAt)],
    [
      'ended',
      outcome ? `${safe(outcome.endedAt)} (after ${span(state.startedAt, outcome.endedAt)})` : 'not yet',
    ],
    ['plan', state.digest === undefined ? 'none' : code(state.digest)],
  ];
  const lines = [
    `# ${state.runbook}: ${target}${safe(state.cluster)}`,
    '',
    safe(outcome?.sentence ?? 'The run is still open.', 1_000),
  ];
  return [...lines, ...toKnow(state), '', table(['', ''], facts)].join('\n');
}

/** What whoever reads only the beginning must not miss. */
function toKnow({ outcome, paused, actedBefore }: RunState): string[] {
  const lines: string[] = [];
  if (actedBefore) lines.push('', `**This run was reset, or asked anew after it had begun.** ${beforeReset}`);
  if (paused && !outcome) lines.push('', `**The brake is on.** ${pausedText(paused)}`);
  if (outcome?.owed)
    lines.push('', `**Owed:** ${safe(outcome.owed.what, 800)}. Kept by: ${safe(outcome.owed.keptBy)}.`);
  if (outcome?.handOver !== undefined) lines.push('', `**What to do:** ${safe(outcome.handOver, 1_000)}`);
  return lines;
}

function found(state: RunState): string {
  const { verdict } = state;
  if (!verdict) return '';
  return ['## What was found', '', safe(verdict.because, 1_000), '', evidenceTable(verdict.evidence)]
    .join('\n')
    .trimEnd();
}

function planned(state: RunState): string {
  if (!state.plan) return '';
  return [
    '## Plan',
    '',
    safe(state.plan.because, 1_000),
    '',
    planTable(state.plan),
    '',
    planNotes(state.plan),
  ].join('\n');
}

function approvals(state: RunState): string {
  const votes = state.outcome?.votes ?? state.gate?.votes ?? [];
  if (!state.gate && votes.length === 0) return '';
  const mode = modeSentence[state.gate?.mode ?? state.approvals];
  const lines = ['## Approvals', '', mode];
  if (state.gate) lines.push('', gateLine(state.gate));
  if (votes.length > 0) lines.push('', votesTable(votes));
  return lines.join('\n');
}

function gateLine({ id, opened, deadline, votesNeeded }: Gate): string {
  return `Last gate: ${code(id)}, opened ${safe(opened)}, deadline ${safe(deadline)}, ${votesNeeded} needed.`;
}

/** A plan that people had seen, and what took its place. */
function overtaken({ drifts = [] }: RunState): string {
  if (drifts.length === 0) return '';
  const each = drifts.flatMap((drift) => [
    '',
    `Gate ${code(drift.gate)} became void at ${safe(drift.at)}: ${safe(drift.why, 1_000)}`,
    '',
    driftBlock(drift),
  ]);
  return ['## Plans that were overtaken', ...each].join('\n');
}

function done(state: RunState): string {
  const begun = state.steps.filter((step) => step.startedAt !== undefined);
  if (begun.length === 0) return '';
  const rows = begun.map((step) => [
    code(step.id),
    step.state,
    safe(step.startedAt ?? ''),
    span(step.startedAt, step.endedAt),
    safe(step.note ?? step.sentence, 800),
  ]);
  const lines = [
    '## What was done',
    '',
    table(['step', 'state', 'began', 'took', 'what'], rows),
    '',
    phaseTimes(state),
  ];
  if (state.outcome?.status === 'healed' || state.outcome?.status === 'owed')
    lines.push('', '## Proof', '', list(state.outcome.evidence.map(({ fact }) => safe(fact))));
  return lines.join('\n').trimEnd();
}

/** Where the minutes went: usually into waiting for a person. */
function phaseTimes(state: RunState): string {
  const first = state.steps.find((step) => step.startedAt !== undefined)?.startedAt;
  const looks = state.plan?.steps.filter(({ changes }) => changes.length === 0).map(({ id }) => id) ?? [];
  const acted = tookMs(state.steps);
  const looking = tookMs(state.steps.filter(({ id }) => looks.includes(id)));
  const parts = [
    ['until the first step (looking, and waiting for approval)', span(state.startedAt, first)],
    ['in steps', duration(acted)],
    ['in all', span(state.startedAt, state.outcome?.endedAt)],
    ['in steps that only wait and look', looking > 0 ? duration(looking) : ''],
  ].filter(([, took]) => took !== '');
  return `Time: ${parts.map(([what, took]) => `${what} ${took}`).join('; ')}.`;
}

function tookMs(steps: RunState['steps']): number {
  return steps.reduce(
    (sum, { startedAt, endedAt }) => sum + (Date.parse(endedAt ?? '') - Date.parse(startedAt ?? '') || 0),
    0,
  );
}

function refusals(state: RunState): string {
  if (state.refusedCount === 0) return '';
  const left = state.refusedCount - state.refused.length;
  const rows = state.refused.map(({ at, what, by, why }) => [
    safe(at),
    safe(what, 80),
    safe(by, 80),
    safe(why),
  ]);
  const lines = ['## What did not count, and why', '', table(['at', 'what', 'by', 'why'], rows)];
  if (left > 0) lines.push('', `${left} earlier ones are not kept.`);
  return lines.join('\n');
}

function remains(state: RunState): string {
  if (!state.plan || !state.steps.some((step) => step.startedAt !== undefined)) return '';
  const isHealed = state.outcome?.status === 'healed';
  const left = state.plan.residualRisk.filter((risk) => !(isHealed && risk.startsWith('Until ')));
  const risks = list(left.map((risk) => safe(risk, 800)));
  const { kept = [] } = state;
  const stays =
    kept.length === 0 ? [] : ['', 'What stays on purpose:', '', list(kept.map((one) => safe(one, 800)))];
  return ['## What remains', '', risks, ...stays].join('\n');
}

function timeline(entries: TimelineEntry[]): string {
  if (entries.length === 0) return '';
  const rows = entries.map(({ at, text }) => [safe(at, 40), safe(text, 600)]);
  return ['## Timeline', '', table(['UTC', 'what'], rows)].join('\n');
}
