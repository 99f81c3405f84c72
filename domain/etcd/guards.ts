import type { Assessment } from './assessment.ts';
import { agreementObjection, alarmObjection, operatorObjection, type LeaseOwner } from './guards-cluster.ts';
import { countsObjection, fitnessObjection, learnerObjection, targetObjection } from './guards-members.ts';
import type { EtcdPolicy } from './policy.ts';
import type { EtcdObjection } from './refusal.ts';

/** Who asks, and by which limits. */
export interface Asking {
  policy: EtcdPolicy;
  owner?: LeaseOwner;
}

/**
 * What must hold of the whole cluster before one member is touched: asked before the plan is made, and once more directly before
 * the membership is changed. `named`: the master that is meant; undefined: the only one that is broken.
 */
export function clusterObjection(
  assessment: Assessment,
  named: string | undefined,
  { policy, owner }: Asking,
): EtcdObjection | undefined {
  const guards = [
    agreementObjection,
    // Before it is asked who is broken: nobody must hear that all is well while an alarm is raised.
    alarmObjection,
    (one: Assessment) => targetObjection(one, named),
    (one: Assessment) => operatorObjection(one.observation, owner),
    learnerObjection,
    countsObjection,
    (one: Assessment) => fitnessObjection(one, policy.raftGapAtMost),
  ];
  for (const guard of guards) {
    const found = guard(assessment);
    if (found) return found;
  }
  return undefined;
}
