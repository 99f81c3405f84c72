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
