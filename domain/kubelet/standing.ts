import type { MasterObservation } from '../control-plane.ts';
import type { Refuse } from '../verdict.ts';
import type { Classification } from './classes.ts';
import { isReached } from './classify.ts';
import { refuse } from './refusal.ts';
import { summaryOf } from './target.ts';

/** Why a master is none that this runbook is for, before any rung is looked at. */

export function masterRefusal({ name, node }: MasterObservation): Refuse | undefined {
  if (!node.known || node.value.isMaster) return undefined;
  return refuse('NotAMaster', `${name} is not a master`, [
    { fact: `Node ${name} has neither the role master nor control-plane`, source: node.source },
  ]);
}

export function reachRefusal(
  target: MasterObservation,
  { sentence, evidence }: Classification,
): Refuse | undefined {
  const { kubelet } = target;
  if (kubelet.known) return undefined;
  const reason = isReached(target) ? 'EvidenceIncomplete' : 'NodeUnreachable';
  return refuse(reason, `${sentence}: ${kubelet.why}`, evidence);
}

export function standingRefusal(seen: Classification, classes: Classification[]): Refuse | undefined {
  const { standing, sentence, evidence } = seen;
  switch (standing) {
    case 'healthy': {
      const lost = classes.filter((one) => one.standing === 'lost').map(summaryOf);
      return refuse('NodeHealthy', sentence, [...evidence, ...lost]);
    }
    case 'stopped':
      return refuse('KubeletStopped', sentence, evidence);
    case 'unknown':
      return refuse('EvidenceIncomplete', sentence, evidence);
    case 'ailing':
      return refuse('NotAnAuthenticationFault', sentence, evidence);
    case 'latent':
    case 'lost':
      return undefined;
  }
}
