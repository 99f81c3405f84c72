import { excerpt } from '../input.ts';
import { leaseAnnotation, pointer } from '../lease-note.ts';
import { isLeaseTarget, leaseTargets, type LeaseTargetName } from '../lease.ts';
import type { LeftLease } from '../lease-left.ts';
import type { PlanStep } from '../plan.ts';

const leasePrefix = 'lease-';

export function leaseStepId(target: LeaseTargetName): string {
  return `${leasePrefix}${target}`;
}

/** The setting that such a step puts back, or undefined. */
export function leaseOfStep(stepId: string): LeaseTargetName | undefined {
  const target = stepId.startsWith(leasePrefix) ? stepId.slice(leasePrefix.length) : undefined;
  return isLeaseTarget(target) ? target : undefined;
}

/** Says what stands and what will: exactly what the act finds and does, in its own words. */
export function leaseStep({ lease, back }: LeftLease, cluster: string): PlanStep {
  const { target, id, owner, deadline } = lease;
  const { object, parent, key, value, meaning } = leaseTargets[target];
  const holder = `${excerpt(owner.workflow, 120)} (run ${excerpt(owner.run, 60)})`;
  return {
    id: leaseStepId(target),
    sentence: `Put back ${key}, which a run had lent on ${cluster}`,
    target: cluster,
    changes: [
      {
        what: `${pointer([...parent, key])} of ${object}`,
        from: `${value}, lent to ${holder} until ${excerpt(deadline)}`,
        to: `as before that lease: ${back}`,
      },
      {
        what: `annotation ${leaseAnnotation} of the same object`,
        from: `note of lease ${excerpt(id, 60)}`,
        to: 'removed',
      },
    ],
    risk: 'reversible',
    undo: 'not needed: it only makes things as they were',
    proof: 'the key is absent, and no lease is noted',
    skipMeans: `the setting stays as the run left it: ${meaning}`,
  };
}
