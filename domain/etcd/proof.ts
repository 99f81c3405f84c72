import { valueOf } from '../reading.ts';
import { hostsOf, includesHost } from './addresses.ts';
import { assess, type Assessment } from './assessment.ts';
import { certificateFaults } from './certificates.ts';
import { unreadAmong, type NamedReading } from './facts.ts';
import { overrideKey } from './names.ts';
import type { EtcdMaster, EtcdObservation } from './observation.ts';
import { overridesForm } from './override.ts';
import type { EtcdPins } from './pins.ts';
import type { EtcdOperator } from './platform.ts';
import type { RollOut } from './roll-out.ts';
import { hasStarted, strangersAmong } from './survey.ts';

/** `etcdctl endpoint hashkv --rev`: comparable at one revision only. */
export interface DataHash {
  memberId: string;
  revision: number;
  compactRevision: number;
  hash: string;
}

export interface EtcdProofExpected {
  pins: EtcdPins;
  raftGapAtMost: number;
}

/** Success is `missing` being empty, and nothing else. One sentence each. */
export interface EtcdProof {
  proofs: string[];
  missing: string[];
}

/** `fault` says what is wanting; undefined: the claim holds. */
interface Claim {
  claim: string;
  fault: string | undefined;
}

/**
 * The cluster is whole again. A pod that is Ready proves nothing here: its probe is a read that needs no quorum; and
 * ClusterOperator/etcd lags ten minutes behind.
 */
export function proveEtcdRecovered(
  observation: EtcdObservation,
  hashes: DataHash[],
  { pins, raftGapAtMost }: EtcdProofExpected,
): EtcdProof {
  const assessment = assess(observation);
  const target = observation.masters.find(({ name }) => name === pins.target.node);
  const claims: Claim[] = [
    { claim: 'everything was read', fault: unreadFault(observation) },
    { claim: `this is cluster ${pins.clusterId}`, fault: clusterFault(assessment, pins) },
    {
      claim: `there are ${observation.masters.length} voters and nobody else`,
      fault: votersFault(assessment),
    },
    { claim: 'every member is healthy as every other reaches it', fault: healthFault(assessment) },
    { claim: memberClaim(pins), fault: memberFault(assessment, pins) },
    { claim: 'one leader, one term, a small gap', fault: raftFault(assessment, raftGapAtMost) },
    { claim: 'no alarm is raised', fault: alarmFault(observation) },
    { claim: 'all members hold the same data at one revision', fault: hashFault(assessment, hashes) },
    {
      claim: `the certificates of ${pins.target.node} name its addresses`,
      fault: target ? certificateFault(target, observation.at) : 'it is not among the masters',
    },
    { claim: 'the operator has settled', fault: operatorFault(assessment) },
    { claim: 'no override is left', fault: overrideFault(valueOf(observation.operator), pins) },
  ];
  return collect(claims);
}

/** Unknown proves nothing: most claims below would hold over an empty list. */
function unreadFault({ masters, operator }: EtcdObservation): string | undefined {
  const unread = unreadAmong([
    ['etcds/cluster', operator],
    ...masters.flatMap(({ name, node, view, certificates }): NamedReading[] => [
      [`Node ${name}`, node],
      [`certificates of ${name}`, certificates],
      [`members as ${name} lists them`, view.members],
      [`members as ${name} reaches them`, view.reach],
      [`status of ${name}`, view.status],
      [`alarms of ${name}`, view.alarms],
    ]),
  ]);
  return faultsIn(unread.map(({ fact }) => fact));
}

function clusterFault({ survey }: Assessment, { clusterId }: EtcdPins): string | undefined {
  return survey.disagreement ?? (survey.clusterId === clusterId ? undefined : `it is ${survey.clusterId}`);
}

function votersFault({ survey, observation: { masters } }: Assessment): string | undefined {
  const pending = survey.members.filter((member) => member.learner || !hasStarted(member));
  return faultsIn([
    ...(survey.voters.length === masters.length ? [] : [`${survey.voters.length} voters`]),
    ...pending.map(({ id }) => `${id} is a learner or has not started`),
    ...strangersAmong(survey.members, masters).map(({ id }) => `${id} is at no master's address`),
  ]);
}

function healthFault({ standings, survey }: Assessment): string | undefined {
  const asked = survey.survivors.map(({ master }) => master.name);
  return faultsIn([
    ...standings
      .filter(({ standing }) => standing !== 'healthy')
      .map((one) => `${one.master.name} is ${one.standing}`),
    ...standings
      .filter(({ master }) => !asked.includes(master.name))
      .map(({ master }) => `${master.name} did not answer itself`),
  ]);
}

function memberClaim({ strategy, target }: EtcdPins): string {
  const where = `a voter is at ${target.addresses.join(' or ')}`;
  if (!target.member) return where;
  return strategy === 'replace'
    ? `${where}, and member ${target.member.id} is listed by nobody`
    : `${where}, and it is still member ${target.member.id}`;
}

/** With the pinned id, and never by name: a removal that removed nothing leaves the old one listed under the same name. */
function memberFault(
  { survey, observation }: Assessment,
  { target, strategy }: EtcdPins,
): string | undefined {
  const there = survey.voters.filter(({ peerUrls }) =>
    hostsOf(peerUrls).some((host) => includesHost(target.addresses, host)),
  );
  const [only] = there;
  if (!only || there.length > 1) return `${there.length} voters are there`;
  const { member } = target;
  if (!member) return undefined;
  if (strategy !== 'replace') return only.id === member.id ? undefined : `it is ${only.id}`;
  const lists = observation.masters.filter(({ view }) =>
    (valueOf(view.members) ?? []).some(({ id }) => id === member.id),
  );
  return faultsIn(lists.map(({ name }) => `${name} still lists ${member.id}`));
}

function raftFault({ observation: { masters } }: Assessment, gapAtMost: number): string | undefined {
  const states = masters.flatMap(({ view }) => valueOf(view.status) ?? []);
  const leaders = new Set(states.map(({ leader }) => leader));
  const terms = new Set(states.map(({ raftTerm }) => raftTerm));
  const indexes = states.flatMap(({ raftIndex, raftAppliedIndex }) => [raftIndex, raftAppliedIndex]);
  const gap = Math.max(...indexes) - Math.min(...indexes);
  return faultsIn([
    ...(leaders.size === 1 && !leaders.has('0') ? [] : [`leaders ${[...leaders].join(', ') || 'none'}`]),
    ...(terms.size === 1 ? [] : [`terms ${[...terms].join(', ') || 'none'}`]),
    ...(gap <= gapAtMost ? [] : [`${gap} entries apart`]),
    ...states.flatMap(({ errors }) => errors),
  ]);
}

function alarmFault({ masters }: EtcdObservation): string | undefined {
  const alarms = masters.flatMap(({ view }) => valueOf(view.alarms) ?? []);
  return faultsIn([...new Set(alarms.map(({ type, memberId }) => `${type} of ${memberId}`))]);
}

function hashFault({ survey }: Assessment, hashes: DataHash[]): string | undefined {
  const missing = survey.voters.filter(({ id }) => !hashes.some(({ memberId }) => memberId === id));
  if (missing.length > 0 || hashes.length === 0)
    return `no hash of ${missing.map(({ id }) => id).join(', ') || 'any member'}`;
  const same = new Set(
    hashes.map(
      ({ revision, compactRevision, hash }) => `${hash} at ${revision}, compacted at ${compactRevision}`,
    ),
  );
  return same.size === 1 ? undefined : `they differ: ${[...same].join('; ')}`;
}

function certificateFault(target: EtcdMaster, at: string): string | undefined {
  return faultsIn(certificateFaults(target, at).map(({ fact }) => fact));
}

/** Those that say something about this: others may have been Degraded for weeks for reasons of their own. */
const settled: Record<string, 'True' | 'False'> = {
  EtcdMembersDegraded: 'False',
  EtcdMembersProgressing: 'False',
  EtcdMembersAvailable: 'True',
  RevisionControllerDegraded: 'False',
  EtcdEndpointsDegraded: 'False',
  EtcdCertSignerControllerDegraded: 'False',
  ClusterMemberControllerDegraded: 'False',
  NodeInstallerDegraded: 'False',
  NodeInstallerProgressing: 'False',
  StaticPodsDegraded: 'False',
  GuardControllerDegraded: 'False',
};

function operatorFault({ rollOut, observation: { operator } }: Assessment): string | undefined {
  return operator.known ? faultsIn(unsettledIn(operator.value, rollOut)) : 'etcds/cluster could not be read';
}

/** What of the operator's own word shows that it is not done yet; empty: it has settled. */
export function unsettledIn({ conditions }: EtcdOperator, rollOut: RollOut | undefined): string[] {
  const wrong = conditions.filter(
    ({ type, status }) => settled[type] !== undefined && settled[type] !== status,
  );
  return [
    ...(rollOut?.state === 'settled'
      ? []
      : [`not at its newest revision: ${rollOut?.behind.join(', ') || 'a node is being worked on'}`]),
    ...wrong.map(({ type, message }) => `${type}${message === '' ? '' : `: ${message}`}`),
  ];
}

function overrideFault(
  operator: EtcdOperator | undefined,
  { overrides: before }: EtcdPins,
): string | undefined {
  if (!operator) return 'etcds/cluster could not be read';
  if (operator.lease.state !== 'free') return `${overrideKey} is still set`;
  const leftEmpty = overridesForm(operator.overrides) === 'empty' && before === 'absent';
  return leftEmpty ? 'unsupportedConfigOverrides is left empty, which blocks upgrades' : undefined;
}

function faultsIn(faults: string[]): string | undefined {
  return faults.length === 0 ? undefined : faults.join('; ');
}

function collect(claims: Claim[]): EtcdProof {
  return {
    proofs: claims.filter(({ fault }) => fault === undefined).map(({ claim }) => claim),
    missing: claims.flatMap(({ claim, fault }) =>
      fault === undefined ? [] : [`not proved that ${claim}: ${fault}`],
    ),
  };
}
