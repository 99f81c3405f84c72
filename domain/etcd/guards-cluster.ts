import { valueOf } from '../reading.ts';
import type { Assessment } from './assessment.ts';
import { namesOf, readFacts, standingFacts, factOf, unreadAmong, type NamedReading } from './facts.ts';
import type { EtcdMaster, EtcdMember, EtcdObservation } from './observation.ts';
import { operatorKind, type OperatorKind } from './operator-kind.ts';
import { quorumOf } from './quorum.ts';
import { objection, type EtcdObjection } from './refusal.ts';
import { membersAt, surveyOf, type Survey } from './survey.ts';

/** A decision on a look that is older than this would act on a cluster that nobody has seen since. */
const lookValidMs = 10 * 60_000;

export function ageObjection({ at, cluster }: EtcdObservation, now: string): EtcdObjection | undefined {
  const age = Math.abs(Date.parse(now) - Date.parse(at));
  if (age <= lookValidMs) return undefined;
  const evidence = [{ fact: `looked at ${at}, decided at ${now}`, source: 'the observation' }];
  return objection('EvidenceIncomplete', `the look at ${cluster} is not recent enough to act on`, evidence);
}

/** Before the API is asked after: without quorum it answers nothing, and that is not what has to be mended. */
export function quorumLostObjection(observation: EtcdObservation): EtcdObjection | undefined {
  const { masters, cluster } = observation;
  const survey = surveyOf(observation);
  const { voters } = survey;
  // Without a list of members there is one for every master, as far as anybody knows.
  const count = voters.length > 0 ? voters.length : masters.length;
  const dead =
    voters.length > 0
      ? voters.filter((member) => isDead(member, survey, masters)).length
      : masters.filter(({ view }) => valueOf(view.read)?.healthy === false).length;
  if (count === 0 || count - dead >= quorumOf(count)) return undefined;
  const because = `etcd of ${cluster} has no quorum: of ${count} voters at most ${count - dead} answer, and ${quorumOf(count)} are needed`;
  return objection('QuorumLost', because, readFacts(observation));
}

/** As certain as can be: no survivor reaches it; or there is no other survivor, and it fails itself. */
function isDead(member: EtcdMember, { survivors }: Survey, masters: EtcdMaster[]): boolean {
  const words = survivors
    .filter(({ memberId }) => memberId !== member.id)
    .map(({ master }) => valueOf(master.view.reach)?.find(({ memberId }) => memberId === member.id)?.healthy);
  if (words.length > 0) return words.every((healthy) => healthy === false);
  const host = masters.find((master) => membersAt(master, [member]).length > 0);
  return host !== undefined && valueOf(host.view.read)?.healthy === false;
}

/** Everything that every decision needs. One page of what is missing, and not one thing at a time. */
export function readObjection(observation: EtcdObservation): EtcdObjection | undefined {
  const { api, cluster, masters } = observation;
  if (!api.known) {
    return objection('ApiUnreachable', `the API of ${cluster} does not answer, through no master either`, [
      factOf(api, 'API', () => ''),
    ]);
  }
  if (masters.length < 3) {
    const evidence = [{ fact: `masters of ${cluster}: ${namesOf(masters)}`, source: 'clusters.yaml' }];
    return objection(
      'EvidenceIncomplete',
      'fewer than three masters are known, and others may exist',
      evidence,
    );
  }
  const unread = unreadAmong([
    ['etcds/cluster', observation.operator],
    ['ClusterVersion', observation.version],
    ['MachineConfigPools', observation.pools],
    ['Infrastructure', observation.topology],
    ['MachineHealthChecks and NodeHealthChecks', observation.remediators],
    ...masters.flatMap(({ name, node, pod }): NamedReading[] => [
      [`Node ${name}`, node],
      [`pod etcd-${name}`, pod],
    ]),
  ]);
  return unread.length === 0
    ? undefined
    : objection('EvidenceIncomplete', 'not everything that the decision needs could be read', unread);
}

export function topologyObjection({ topology }: EtcdObservation): EtcdObjection | undefined {
  if (valueOf(topology)?.controlPlane === 'HighlyAvailable') return undefined;
  const fact = factOf(topology, 'controlPlaneTopology', ({ controlPlane }) => controlPlane);
  return objection('TopologyNotSupported', 'the control plane is not of the topology HighlyAvailable', [
    fact,
  ]);
}

export function kindOf({ version, operator }: EtcdObservation): { kind: OperatorKind } | EtcdObjection {
  const release = valueOf(version);
  const seen = valueOf(operator);
  const found =
    release && seen ? operatorKind(release.version, seen) : { unsupported: 'it could not be read' };
  if ('kind' in found) return found;
  return objection(
    'UnsupportedRelease',
    `what this cluster's etcd operator does is not known: ${found.unsupported}`,
    [factOf(version, 'ClusterVersion', (value) => value.version)],
  );
}

/** The run that asks, as a lease names its owner. */
export interface LeaseOwner {
  workflow: string;
  run: string;
}

/** Our own override is no obstacle to our own run; everybody else's is. */
export function operatorObjection(
  { operator }: EtcdObservation,
  owner: LeaseOwner | undefined,
): EtcdObjection | undefined {
  const seen = valueOf(operator);
  if (!seen) return undefined;
  const { source } = operator;
  if (seen.managementState !== 'Managed') {
    return objection(
      'OperatorUnmanaged',
      'the etcd operator is not managed, so it would do none of its part',
      [{ fact: `managementState: ${seen.managementState}`, source }],
    );
  }
  const { lease } = seen;
  if (lease.state === 'free') return undefined;
  if (lease.state === 'foreign') {
    const because = 'somebody else has set the override that opens the operator’s quorum gate';
    return objection(
      'ForeignOverride',
      because,
      lease.evidence.map((fact) => ({ fact, source })),
    );
  }
  const { owner: held, deadline } = lease.lease;
  if (owner && held.workflow === owner.workflow && held.run === owner.run) return undefined;
  const fact = `lease of ${held.workflow} (run ${held.run}) until ${deadline}`;
  return objection('ForeignOverride', 'the override is lent to another run, which has not given it back', [
    { fact, source },
  ]);
}

export function agreementObjection({ survey, standings }: Assessment): EtcdObjection | undefined {
  const mixed = standings.find(({ standing }) => standing === 'mixed');
  const why = survey.disagreement ?? (mixed && `not all of them reach the member on ${mixed.master.name}`);
  if (why === undefined) return undefined;
  return objection('SurvivorsDisagree', `the survivors do not agree: ${why}`, standingFacts(standings));
}

/** Fuller than this, what a recovery writes could be the last that fits. */
const fullAt = 0.85;

export function alarmObjection({ survey }: Assessment): EtcdObjection | undefined {
  for (const { master } of survey.survivors) {
    const { alarms, status } = master.view;
    const types = (valueOf(alarms) ?? []).map(({ type }) => type);
    const raised = alarms.known
      ? alarms.value.map(({ memberId, type }) => ({
          fact: `alarm ${type} of ${memberId}`,
          source: alarms.source,
        }))
      : [];
    if (types.includes('CORRUPT'))
      return objection('EtcdDataCorrupt', 'etcd has raised the alarm CORRUPT', raised);
    if (types.includes('NOSPACE'))
      return objection('EtcdOutOfSpace', 'etcd has raised the alarm NOSPACE', raised);
    if (types.length > 0)
      return objection('EvidenceIncomplete', 'etcd has raised an alarm that is not known', raised);
    const { dbSizeBytes = 0, dbQuotaBytes } = valueOf(status) ?? {};
    if (dbQuotaBytes !== undefined && dbSizeBytes >= fullAt * dbQuotaBytes) {
      const fact = `database on ${master.name}: ${dbSizeBytes} of ${dbQuotaBytes} bytes`;
      return objection('EtcdOutOfSpace', 'the database has almost reached its quota', [
        { fact, source: status.source },
      ]);
    }
  }
  return undefined;
}
