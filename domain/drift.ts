import { renderPlan } from './plan-text.ts';
import type { Plan } from './plan.ts';

/**
 * What makes one plan different from another, in words for the person who approved the first. Never empty for plans with
 * different digests.
 */
export function whatChanged(before: Plan, after: Plan): string[] {
  const changes: string[] = [];
  if (before.target !== after.target) changes.push(`the node is ${after.target}, it was ${before.target}`);
  const steps = new Set([...before.steps, ...after.steps].map((step) => step.id));
  for (const id of steps) changes.push(...stepChanges(id, before, after));
  changes.push(...pinChanges(before, after));
  if (changes.length === 0) changes.push('the wording of the plan changed, its steps did not');
  return changes;
}

function stepChanges(id: string, before: Plan, after: Plan): string[] {
  const old = before.steps.find((step) => step.id === id);
  const young = after.steps.find((step) => step.id === id);
  if (!old) return [`step ${id} is new`];
  if (!young) return [`step ${id} is gone`];
  if (old.script?.sha256 !== young.script?.sha256) return [`step ${id} runs another version of its script`];
  const differing = young.changes.find((change, index) => !isSame(change, old.changes[index]));
  if (differing) return [`step ${id} finds ${differing.what} as ${differing.from}`];
  return isSame(old, young) ? [] : [`step ${id} reads differently`];
}

function pinChanges(before: Plan, after: Plan): string[] {
  const changes: string[] = [];
  if (before.runbook !== 'KubeletAuthRecovery' || after.runbook !== 'KubeletAuthRecovery') return changes;
  if (before.pins.server !== after.pins.server) changes.push(`the API's address is ${after.pins.server}`);
  if (before.pins.caSha256 !== after.pins.caSha256) changes.push('the certificate authority is another one');
  if (before.pins.bootstrapSha256 !== after.pins.bootstrapSha256)
    changes.push('the bootstrap file is another one');
  return changes;
}

function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** More than that is read in the two plans themselves; a state that is queried every second must stay small. */
const linesKept = 80;

/** Lines that did not change, kept around one that did, so that it is read in its place. */
const around = 1;

/** A plan with its digest. */
interface Shown {
  plan: Plan;
  digest: string;
}

/**
 * The two plans as they were shown, line by line: what is only in the old one begins with `- `, what is only in the new one
 * with `+ `; long stretches that did not change are shortened.
 */
export function driftLines(before: Shown, after: Shown): string[] {
  const lines = shortened(compared(linesOf(before), linesOf(after)));
  if (lines.length <= linesKept) return lines;
  return [...lines.slice(0, linesKept), `  … ${lines.length - linesKept} more lines`];
}

function linesOf({ plan, digest }: Shown): string[] {
  return renderPlan(plan, digest).trimEnd().split('\n');
}

/** By the longest common subsequence: nothing is called changed that stands in both, in order. */
function compared(before: string[], after: string[]): string[] {
  const common = commonLengths(before, after);
  const lines: string[] = [];
  let [old, young] = [0, 0];
  while (old < before.length || young < after.length) {
    if (old < before.length && before[old] === after[young]) {
      lines.push(`  ${before[old]}`);
      old += 1;
      young += 1;
    } else if (
      young >= after.length ||
      (old < before.length && at(common, old + 1, young) >= at(common, old, young + 1))
    ) {
      lines.push(`- ${before[old++]}`);
    } else {
      lines.push(`+ ${after[young++]}`);
    }
  }
  return lines;
}

/** How many lines the rests of both have in common, from each pair of places on. */
function commonLengths(before: string[], after: string[]): number[][] {
  const lengths = Array.from({ length: before.length + 1 }, () => Array<number>(after.length + 1).fill(0));
  for (let old = before.length - 1; old >= 0; old--) {
    for (let young = after.length - 1; young >= 0; young--) {
      lengths[old]![young] =
        before[old] === after[young]
          ? at(lengths, old + 1, young + 1) + 1
          : Math.max(at(lengths, old + 1, young), at(lengths, old, young + 1));
    }
  }
  return lengths;
}

function at(table: number[][], row: number, column: number): number {
  return table[row]?.[column] ?? 0;
}

function shortened(lines: string[]): string[] {
  const isNear = (index: number) =>
    lines.slice(Math.max(0, index - around), index + around + 1).some((line) => !line.startsWith('  '));
  const kept: string[] = [];
  let left = 0;
  for (const [index, line] of [...lines.entries(), [lines.length, undefined] as const]) {
    if (line !== undefined && !isNear(index)) {
      left += 1;
      continue;
    }
    if (left > 0) kept.push(`  … ${left} ${left === 1 ? 'line' : 'lines'} as before`);
    left = 0;
    if (line !== undefined) kept.push(line);
  }
  return kept;
}
