import type { Observation } from '../control-plane.ts';
import { valueOf } from '../reading.ts';
import type { Refuse } from '../verdict.ts';
import { factOf } from './facts.ts';
import { refuse } from './refusal.ts';

/** What a look must be before anything is decided on it. */

/** A decision on a look that is older than this would act on a cluster that nobody has seen since. */
const lookValidMs = 10 * 60_000;

export function lookRefusal({
  observation,
  now,
}: {
  observation: Observation;
  now: string;
}): Refuse | undefined {
  const age = Math.abs(Date.parse(now) - Date.parse(observation.at));
  if (age <= lookValidMs) return undefined;
  return refuse('EvidenceIncomplete', `the look at ${observation.cluster} is not recent enough to act on`, [
    { fact: `looked at ${observation.at}, decided at ${now}`, source: 'the observation' },
  ]);
}

export function apiRefusal({ api, cluster }: Observation): Refuse | undefined {
  if (api.known) return undefined;
  return refuse(
    'ApiUnreachable',
    `the API of ${cluster} does not answer, so nothing is known about the other masters`,
    [factOf(api, 'API', () => '')],
  );
}

/** The first that says to anybody as whom it sees them. */
const saysWhoSince = 28;

/** Without that no recovery could be proved, and the run would be blocked with a node that it has already changed. */
export function versionRefusal({ api }: Observation): Refuse | undefined {
  const version = valueOf(api)?.version ?? '';
  const [, minor] = /^v1\.(\d+)\b/.exec(version) ?? [];
  if (minor !== undefined && Number(minor) >= saysWhoSince) return undefined;
  return refuse(
    'EvidenceIncomplete',
    `an API server before Kubernetes 1.${saysWhoSince} does not say whom it takes a kubelet for, so that nothing could be proved`,
    [
      {
        fact: `the API server is ${version === '' ? 'of a version that it does not say' : version}`,
        source: api.source,
      },
    ],
  );
}
