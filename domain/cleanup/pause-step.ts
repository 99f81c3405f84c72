import { remediatorName } from '../etcd/pausing.ts';
import type { LeftPause } from '../pause-left.ts';
import type { PlanStep } from '../plan.ts';

export const pauseStepId = 'resume-remediators';

export function pauseStep(pauses: LeftPause[], cluster: string): PlanStep {
  return {
    id: pauseStepId,
    sentence: `Resume what runs that are over have left paused on ${cluster}`,
    target: cluster,
    changes: pauses.map(({ runs, ...remediator }) => ({
      what: remediatorName(remediator),
      from: `paused by run ${runs.join(' and ')}`,
      to: 'without the word of that run; what somebody else has written there stays',
    })),
    risk: 'reversible',
    undo: 'not needed: it only takes back what those runs have put there',
    proof: 'none of them bears the name of such a run',
    skipMeans: 'nothing watches over the health of the masters until a person resumes what the plan names',
  };
}
