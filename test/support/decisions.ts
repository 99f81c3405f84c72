import { digestOf } from '../../activities/decide/index.ts';
import type { KubeletEvidence, Observation } from '../../domain/control-plane.ts';
import { decideKubeletAuthRecovery, type KubeletDecision } from '../../domain/kubelet/verdict.ts';
import { defaultPolicy } from '../../domain/policy.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { incidentOn, kubeletOf, scripts } from './observations.ts';

/** Changes one thing about the incident on master-1: what was seen, or how it is asked. */
export type Change = (observation: Observation, kubelet: KubeletEvidence, decision: KubeletDecision) => void;

export function decisionOn(observation: Observation): KubeletDecision {
  return {
    observation,
    request: { cluster: 'lab', requester: 'anna', origin: 'cli' },
    policy: defaultPolicy,
    runId: 'r1',
    scripts,
    now: observation.at,
  };
}

export function decide(observation: Observation, change: Partial<KubeletDecision> = {}): Verdict {
  return decideKubeletAuthRecovery({ ...decisionOn(observation), ...change }, digestOf);
}

export function decideChanged(change: Change): Verdict {
  const observation = incidentOn('master-1');
  const decision = decisionOn(observation);
  change(observation, kubeletOf(observation, 'master-1'), decision);
  return decideKubeletAuthRecovery(decision, digestOf);
}

export function named(node: string): Pick<KubeletDecision, 'request'> {
  return { request: { cluster: 'lab', node, requester: 'anna', origin: 'cli' } };
}
