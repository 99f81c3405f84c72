import { digestOf } from '../../activities/decide/index.ts';
import { sightingOf } from '../../domain/etcd/assessment.ts';
import type { EtcdObservation } from '../../domain/etcd/observation.ts';
import type { EtcdPlan } from '../../domain/etcd/plan.ts';
import { defaultEtcdPolicy } from '../../domain/etcd/policy.ts';
import { decideEtcdRecovery, type EtcdDecision, type EtcdVerdict } from '../../domain/etcd/verdict.ts';
import { secondsAfter } from './observations.ts';

export const etcdScripts = {
  'read-members.sh': 'a'.repeat(64),
  'snapshot-etcd.sh': 'b'.repeat(64),
  'stream-snapshot.sh': 'c'.repeat(64),
  'change-member.sh': 'd'.repeat(64),
  'quarantine-etcd.sh': 'e'.repeat(64),
  'restore-etcd.sh': 'f'.repeat(64),
};

export function etcdDecisionOn(observation: EtcdObservation): EtcdDecision {
  return {
    observation,
    request: { cluster: 'lab', requester: 'anna', origin: 'cli' },
    policy: defaultEtcdPolicy,
    runId: 'r1',
    scripts: etcdScripts,
    now: observation.at,
  };
}

/** As the workflow asks: with what the looks before this one saw, which was the same for `seconds`. */
export function decideAfter(
  observation: EtcdObservation,
  seconds: number,
  change: Partial<EtcdDecision> = {},
): EtcdVerdict {
  return decideEtcdRecovery({ ...etcdDecisionOn(seenFor(observation, seconds)), ...change }, digestOf);
}

export function seenFor(observation: EtcdObservation, seconds: number): EtcdObservation {
  const sighting = sightingOf({ ...observation, at: secondsAfter(observation.at, -seconds) });
  if (!sighting) return observation;
  return { ...observation, before: { ...sighting, last: secondsAfter(observation.at, -1) } };
}

/** Long enough for every wait but those that end in a refusal. */
const longEnough = 600;

export function decideEtcd(observation: EtcdObservation, change: Partial<EtcdDecision> = {}): EtcdVerdict {
  return decideAfter(observation, longEnough, change);
}

export function planFor(observation: EtcdObservation, change: Partial<EtcdDecision> = {}): EtcdPlan {
  const verdict = decideEtcd(observation, change);
  if (verdict.kind !== 'proceed') throw new Error(`${verdict.kind} ${verdict.reason}: ${verdict.because}`);
  return verdict.plan;
}

export function idsOf({ steps }: EtcdPlan): string[] {
  return steps.map(({ id }) => id);
}

/** The reason, or `proceed`. */
export function answerOf(verdict: EtcdVerdict): string {
  return verdict.kind === 'proceed' ? 'proceed' : `${verdict.kind} ${verdict.reason}`;
}
