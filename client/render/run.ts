import { renderPlan } from '../../domain/narrative.ts';
import type { CastVote } from '../../domain/approval.ts';
import { standing } from '../../domain/gate.ts';
import type { BlockedStep, Brake, Outcome, RunState, StepState } from '../../domain/run.ts';
import { pausedLine } from './brake.ts';
import {
  clock,
  cut,
  oneLine,
  PAGE_WIDTH,
  printable,
  relative,
  span,
  table,
  wrap,
  WIDE,
  type Style,
} from './text.ts';

/** How many characters of a digest people and scripts quote. */
export const SHORT_DIGEST = 12;

export interface RunView {
  now: number;
  wide: boolean;
  style: Style;
  /** The run's page in the Web UI, when its address is known. */
  page?: string | undefined;
}

/** A run as it stands: what it is, its steps, what happened, what it waits for. */
export function renderRun(state: RunState, view: RunView): string {
  const { style } = view;
  const events = view.wide ? state.timeline : state.timeline.slice(-TIMELINE_TAIL);
  const left = state.timeline.length - events.length;
  const parts = [
    renderHead(state, view),
    state.steps.length > 0 ? renderSteps(state.steps, view.wide) : '',
    events.length > 0
      ? [style.dim(left > 0 ? `Timeline (${left} earlier; -o wide shows all)` : 'Timeline')]
          .concat(events.map(({ at, text }) => eventLine(at, text, view)))
          .join('\n')
      : '',
    renderWait(state, view),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

const TIMELINE_TAIL = 8;

function renderHead(state: RunState, view: RunView): string {
  const { style } = view;
  const node = state.node === undefined ? '' : `, ${state.node}`;
  const lines = [
    `${style.bold(`${state.runbook} on ${state.cluster}${node}`)}: ${phaseWords(state, style)}`,
    style.dim(`started ${clock(state.startedAt, view.now)} by ${oneLine(state.requester)}`),
  ];
  if (view.page !== undefined) lines.push(style.dim(view.page));
  return lines.join('\n');
}

function phaseWords(state: RunState, style: Style): string {
  if (state.outcome) return outcomeWord(state.outcome, style);
  if (state.paused) return style.red('paused');
  if (state.phase === 'waiting-for-approval') return style.yellow('waiting for approval');
  return state.phase === 'blocked' ? style.red('blocked') : state.phase;
}

export function outcomeWord(outcome: Outcome, style: Style): string {
  const word = outcome.reason ? `${outcome.status} (${outcome.reason})` : outcome.status;
  return outcome.status === 'healed' || outcome.status === 'resolved'
    ? style.green(word)
    : style.yellow(word);
}

function renderSteps(steps: readonly StepState[], wide: boolean): string {
  const head = wide ? ['STEP', 'STATE', 'TOOK', 'WHAT'] : ['STEP', 'STATE', 'WHAT'];
  const rows = steps.map((step) => {
    const told = step.note ? `${step.sentence}: ${step.note}` : step.sentence;
    return wide ? [step.id, step.state, took(step), told] : [step.id, step.state, told];
  });
  return table(head, rows, wide ? WIDE : undefined);
}

function took({ startedAt, endedAt }: StepState): string {
  return startedAt && endedAt ? span(Date.parse(endedAt) - Date.parse(startedAt)) : '';
}

export function eventLine(at: string, text: string, view: RunView): string {
  const time = clock(at, view.now).replace(' UTC', '');
  return wrap(text, '            ', undefined, `  ${time}  `);
}

/** What the run waits for, and exactly how to answer; the outcome when it has ended. Empty while it is busy. */
export function renderWait(state: RunState, view: RunView): string {
  if (state.outcome) return renderOutcome(state.outcome);
  const parts = [
    state.paused ? renderPaused(state, state.paused, view) : '',
    state.blocked ? renderBlocked(state, state.blocked, view) : '',
    state.phase === 'waiting-for-approval' ? renderGate(state, view) : '',
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function renderPaused({ cluster }: RunState, brake: Brake, view: RunView): string {
  const told = view.style.red(wrap(`${pausedLine(brake, view.now)}. No act is begun.`, '  ', undefined, ''));
  return brake.assumed ? told : `${told}\nTo release it:\n  cpr resume ${cluster} --reason '…'`;
}

function renderOutcome(outcome: Outcome): string {
  const lines = [wrap(outcome.sentence)];
  if (outcome.status === 'refused') {
    lines.push(...outcome.evidence.map(({ fact }) => wrap(fact, '    ', undefined, '  - ')));
  }
  if (outcome.owed)
    lines.push(wrap(`Owed: ${outcome.owed.what}. Kept by: ${outcome.owed.keptBy}.`, '    ', undefined, '  '));
  if (outcome.handOver) lines.push(wrap(`What to do: ${outcome.handOver}`));
  return lines.join('\n');
}

function renderBlocked(state: RunState, blocked: BlockedStep, view: RunView): string {
  const answers = blocked.choices.map((choice) => `  cpr resolve ${state.cluster} ${choice} --reason '…'`);
  return [
    view.style.red(
      `Step ${blocked.stepId} failed ${relative(blocked.since, view.now)} and waits for a decision.`,
    ),
    wrap(`${blocked.errorType}: ${blocked.error}`, '  '),
    ...(blocked.advice ? [wrap(blocked.advice, '  ')] : []),
    ...(blocked.skipMeans === undefined ? [] : [wrap(`To skip it means: ${blocked.skipMeans}`, '  ')]),
    'To decide:',
    ...answers,
  ].join('\n');
}

/** The open gate: what is asked, until when, and the ways to answer. */
function renderGate(state: RunState, view: RunView): string {
  const { gate, digest = '' } = state;
  if (!gate) return '';
  const counted = standing(gate).filter((vote) => vote.decision === 'approve').length;
  const votes = `${counted} of ${gate.votesNeeded} ${gate.votesNeeded === 1 ? 'approval' : 'approvals'}`;
  const lines = [
    ...renderDrift(state),
    `Waits for approval: ${votes}, gate ${gate.id}, closes ${clock(gate.deadline, view.now)} (${relative(gate.deadline, view.now)}).`,
    ...gate.votes.map((vote) => wrap(voteLine(vote), '    ', undefined, '  ')),
    `To approve exactly this plan${gate.mode === 'signed' ? ' (you sign it with your key)' : ''}:`,
    `  cpr approve ${state.cluster} --digest ${digest.slice(0, SHORT_DIGEST)}`,
    'To reject it:',
    `  cpr reject ${state.cluster} --reason '…'`,
  ];
  if (view.page !== undefined) {
    lines.push(
      'Or in the Web UI: More Actions, "Send a Signal" or "Send an Update"; this page shows the vote to paste:',
      `  ${view.page}`,
    );
  }
  return lines.join('\n');
}

function voteLine({ decision, by, proof, reason, withdrawnAt }: CastVote): string {
  const who = proof ? `${by} (${proof.key})` : `${by} (unproved name)`;
  return `${withdrawnAt === undefined ? decision : `${decision}, withdrawn`}: ${who}: ${reason}`;
}

/** What became of the plan that was shown before: whoever saw that one need not read all of this one. */
function renderDrift({ drifts }: RunState): string[] {
  const last = drifts?.at(-1);
  if (!last) return [];
  const head = wrap(`Gate ${last.gate} is void, its votes do not count: ${last.why}`, '  ', undefined, '');
  return [head, ...last.lines.map((line) => cut(printable(line), PAGE_WIDTH)), ''];
}

/** What was found, and the plan as the domain words it; empty while there is none. */
export function renderPlanText({ plan, digest, verdict }: RunState): string {
  if (!plan || !digest) return '';
  const facts = (verdict?.evidence ?? []).map(({ fact, source }) =>
    wrap(`${fact} (${source})`, '    ', undefined, '  - '),
  );
  const found = facts.length === 0 ? [] : ['What was found:', ...facts, ''];
  return [...found, renderPlan(plan, digest).trimEnd()].join('\n');
}

/** The plan, and the gate that waits for it. */
export function renderPlanAndGate(state: RunState, view: RunView): string {
  return [renderPlanText(state), renderGate(state, view)].filter((part) => part !== '').join('\n\n');
}
