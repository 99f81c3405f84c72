import type { Observation } from '../control-plane.ts';
import { classify } from '../kubelet/classify.ts';
import { refuse } from '../kubelet/refusal.ts';
import { factOfPause, leftPauses, type LeftPause } from '../pause-left.ts';
import type { Evidence, Refuse } from '../verdict.ts';

export interface PausesFound {
  /** May be resumed. */
  due: LeftPause[];
  evidence: Evidence[];
  /** Why nothing is resumed now although something is left, or nobody knows. */
  barred?: Refuse;
  /** Something is known to be left that is not due. */
  isLeft?: true;
}

/**
 * What runs that are over have left paused. It is resumed only while every master is well: whoever watches over their health would
 * else replace or reboot, at once, the one that a recovery is to mend.
 */
export function judgePauses(observation: Observation, open: readonly string[]): PausesFound {
  const { remediators } = observation.platform;
  const { source } = remediators;
  if (!remediators.known) {
    // What may not be read by us was not paused by us either.
    if (remediators.cause === 'ApiForbidden') return { due: [], evidence: [] };
    const evidence = [{ fact: `what is paused could not be read: ${remediators.why}`, source }];
    const because = 'whether a run has left something paused is not known';
    return { due: [], evidence, barred: refuse('EvidenceIncomplete', because, evidence) };
  }
  const due = leftPauses(remediators.value, open);
  const evidence = due.map((pause) => ({ fact: factOfPause(pause), source }));
  const barred = due.length === 0 ? undefined : healthRefusal(observation, evidence);
  return barred ? { due: [], evidence, barred, isLeft: true } : { due, evidence };
}

function healthRefusal(observation: Observation, evidence: Evidence[]): Refuse | undefined {
  const classes = observation.masters.map((master) => classify(master, observation));
  const ill = classes.find(({ standing }) => standing !== 'healthy');
  if (!ill) return undefined;
  const because = `${ill.sentence}: what is paused would act on it, so it is resumed when every master is well`;
  const reason = ill.standing === 'unknown' ? 'EvidenceIncomplete' : 'RecoveryNeededFirst';
  return refuse(reason, because, [...evidence, ...ill.evidence]);
}
