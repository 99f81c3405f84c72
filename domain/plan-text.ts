import { code, list, plain, safe, table } from './markdown.ts';
import type { Change, Plan, PlanStep } from './plan.ts';

/** The plan for a terminal: everything that the vote is about, in the order in which it will happen. At most 100 columns. */
export function renderPlan(plan: Plan, digest: string): string {
  const head = [`${plan.runbook} ${placeOf(plan)}`, ...wrapped(`Because: ${plan.because}`), ''];
  const steps = plan.steps.flatMap((step, index) => [...stepLines(step, index + 1), '']);
  return [
    ...head,
    ...steps,
    'Called healed when:',
    ...bullets(plan.proof),
    'What remains afterwards:',
    ...bullets(plan.residualRisk.length > 0 ? plan.residualRisk : ['nothing that this plan knows of']),
    '',
    `Digest ${digest}`,
  ].join('\n');
}

function placeOf({ target, cluster }: Plan): string {
  const whole = plain(cluster);
  return target === cluster ? `of ${whole}` : `on ${plain(target)} of ${whole}`;
}

/**
 * The same as a Markdown table, with hashes in full or as people compare them. No HTML in it, not even a line break: the
 * Web UI takes it away.
 */
export function planTable(plan: Plan, hashes: 'full' | 'short' = 'full'): string {
  const shown = hashes === 'full' ? String : short;
  const rows = plan.steps.map((step, index) => [
    String(index + 1),
    code(step.id),
    safe(step.sentence),
    step.changes.map((change) => safe(shown(changeText(change)), 600)).join('; ') || 'nothing',
    step.pointOfNoReturn ? `${step.risk}; **point of no return**` : step.risk,
    safe(step.undo ?? 'cannot be undone'),
  ]);
  return table(['#', 'step', 'what', 'changes', 'risk', 'undo'], rows);
}

/** What the vote covers besides the steps. */
export function planNotes(plan: Plan): string {
  const scripts = plan.steps.flatMap(({ script }) => (script ? [script] : []));
  const named = [...new Map(scripts.map((script) => [script.name, script])).values()];
  const parts = ['Called healed when:', '', list(plan.proof.map((one) => safe(one)))];
  if (named.length > 0) {
    const lines = named.map(({ name, sha256 }) => `${code(name)} SHA-256 ${code(sha256)}`);
    parts.push('', 'Scripts that run as root on the node:', '', list(lines));
  }
  return parts.join('\n');
}

function changeText({ what, from, to }: Change): string {
  return `${what}: ${from} → ${to}`;
}

function stepLines(step: PlanStep, number: number): string[] {
  const script = step.script ? [`script: ${step.script.name}, SHA-256 ${short(step.script.sha256)}`] : [];
  const details = [
    ...step.changes.map((change) => short(changeText(change))),
    `undo: ${step.undo ?? 'cannot be undone'}`,
    `proof: ${step.proof}`,
    ...script,
  ];
  return [
    ...(step.pointOfNoReturn ? ['   -- point of no return: from here on the way out is forward --'] : []),
    ...wrapped(
      `${step.id} [${step.risk}] ${step.sentence}`,
      ' '.repeat(4),
      `${String(number).padStart(2)}. `,
    ),
    ...details.flatMap((detail) => wrapped(detail, ' '.repeat(8), ' '.repeat(6))),
  ];
}

/** A hash as people compare it. The digest covers all of it, and the report shows all of it. */
function short(text: string): string {
  return text.replaceAll(/\b([0-9a-f]{12})[0-9a-f]{52}\b/g, '$1…');
}

function bullets(items: string[]): string[] {
  return items.flatMap((item) => wrapped(item, '    ', '  - '));
}

const columns = 100;

/** Breaks at spaces only: a hash or a path that is cut in two cannot be compared or pasted. */
function wrapped(text: string, indent = '  ', first = ''): string[] {
  const lines: string[] = [];
  let line = first;
  for (const word of plain(text, 2_000).split(' ')) {
    const begun = line !== first && line !== indent;
    if (begun && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = indent;
    }
    line += line === first || line === indent ? word : ` ${word}`;
  }
  return [...lines, line];
}
