import { valueOf } from '../reading.ts';
import type { Evidence } from '../verdict.ts';
import { targetOf, type Assessment } from './assessment.ts';
import { factOf, namesOf, standingFacts, unreadAmong, type NamedReading } from './facts.ts';
import { specMismatches } from './mismatch.ts';
import { countObjection } from './quorum.ts';
import { objection, type EtcdObjection } from './refusal.ts';
import { hasStarted, strangersAmong } from './survey.ts';

/** Is there exactly one master to recover, and is it the one that was asked for? */
export function targetObjection(
  assessment: Assessment,
  named: string | undefined,
): EtcdObjection | undefined {
  const { observation, standings, broken } = assessment;
  const { masters, cluster } = observation;
  const evidence = standingFacts(standings);
  if (named !== undefined && !masters.some(({ name }) => name === named)) {
    const fact = `masters of ${cluster}: ${namesOf(masters)}`;
    return objection('UnknownNode', `${named} is not among the masters of ${cluster}`, [
      { fact, source: 'clusters.yaml' },
    ]);
  }
  const unclear = standings.find(({ standing }) => standing === 'unknown');
  if (unclear) {
    const because = `how etcd on ${unclear.master.name} is could not be learnt from every survivor`;
    return objection('EvidenceIncomplete', because, [...evidence, ...unreadViews(assessment)]);
  }
  if (broken.length > 1) {
    const names = namesOf(broken.map(({ master }) => master));
    return objection('TwoMembersBad', `more than one member is bad or missing: ${names}`, evidence);
  }
  return candidateObjection(assessment, named, evidence);
}

function candidateObjection(
  assessment: Assessment,
  named: string | undefined,
  evidence: Evidence[],
): EtcdObjection | undefined {
  const { standings, broken, observation } = assessment;
  const claimed = standings.find(({ standing }) => standing === 'several');
  if (claimed) {
    return objection('TwoCandidates', `several members claim to be on ${claimed.master.name}`, evidence);
  }
  const [target] = broken;
  if (target?.standing === 'unmatched') {
    const because = `which member belonged to ${target.master.name} cannot be told: no peer URL matches an address that it is known to have had`;
    return objection('NoMemberMatches', because, evidence);
  }
  if (target) {
    const others = disagreeing(assessment, target.master.name);
    if (others.length > 0) {
      return objection(
        'TwoCandidates',
        `etcd on ${target.master.name} is bad, and another master disagrees too`,
        others,
      );
    }
  }
  if (!target || (named !== undefined && named !== target.master.name)) {
    if (standings.some(({ standing }) => standing === 'joining')) return undefined;
    const known = standings.map(({ member }) => member);
    const strays = strangersAmong(assessment.survey.members, observation.masters).filter(
      (one) => !known.includes(one),
    );
    return target || strays.length === 0
      ? objection('EtcdHealthy', healthyBecause(named, observation.cluster), [
          ...evidence,
          ...disagreeing(assessment),
        ])
      : objection('UnexpectedMemberCount', 'a member is listed that belongs to no master', evidence);
  }
  return undefined;
}

function healthyBecause(named: string | undefined, cluster: string): string {
  return named === undefined ? `every etcd member of ${cluster} is healthy` : `etcd on ${named} is healthy`;
}

/** Masters other than this one whose own pod contradicts their Node: each might be the one that is meant. */
function disagreeing({ observation: { masters } }: Assessment, except?: string): Evidence[] {
  return masters
    .filter(({ name }) => name !== except)
    .flatMap((master) => specMismatches(master, masters).filter(({ own }) => own))
    .map(({ what, source }) => ({ fact: what, source }));
}

/** What each master that carries the cluster has to have said by itself. */
function unreadViews({ observation: { masters } }: Assessment): Evidence[] {
  return unreadAmong(
    masters.flatMap(({ name, view }): NamedReading[] => [
      [`who etcd on ${name} is`, view.self],
      [`members as ${name} lists them`, view.members],
      [`members as ${name} reaches them`, view.reach],
    ]),
  );
}

/** A member that is neither a voter at a master nor the target stands in the way of every change of membership. */
export function learnerObjection({ survey, standings }: Assessment): EtcdObjection | undefined {
  const joining = standings.some(({ standing }) => standing === 'joining');
  const broken = standings.some(({ standing }) => ['bad', 'absent'].includes(standing));
  const pending = survey.members.filter((member) => member.learner || !hasStarted(member));
  if (pending.length === 0 || (joining && !broken && pending.length === 1)) return undefined;
  return objection(
    'LearnerInTheWay',
    'a member that is still a learner, or has not started, stands in the way',
    standingFacts(standings),
  );
}

export function countsObjection(assessment: Assessment): EtcdObjection | undefined {
  const { survey, standings, observation } = assessment;
  const target = targetOf(assessment);
  if (!target) return undefined;
  const healthy = standings.filter(({ standing }) => standing === 'healthy').length;
  const count = { voters: survey.voters.length, healthy };
  const because = countObjection(
    count,
    observation.masters.length,
    target.fault.member ? 'listed' : 'removed',
  );
  return because === undefined
    ? undefined
    : objection('UnexpectedMemberCount', because, standingFacts(standings));
}

/** One leader among the survivors, one term, and nobody far behind. */
export function fitnessObjection(
  { survey, observation, standings }: Assessment,
  raftGapAtMost: number,
): EtcdObjection | undefined {
  const silent = unaskedObjection({ survey, standings });
  if (silent) return silent;
  const { survivors } = survey;
  const unread = unreadAmong(
    survivors.flatMap(({ master: { name, view, node, machine } }): NamedReading[] => [
      [`etcd status on ${name}`, view.status],
      [`etcd alarms on ${name}`, view.alarms],
      [`Node ${name}`, node],
      [`Machine of ${name}`, machine],
    ]),
  );
  if (unread.length > 0)
    return objection('EvidenceIncomplete', 'a survivor could not be asked everything', unread);

  const evidence = survivors.map(({ master: { name, view } }) =>
    factOf(view.status, `etcd on ${name}`, (status) =>
      [
        `leader ${status.leader}, term ${status.raftTerm}, index ${status.raftIndex}, applied ${status.raftAppliedIndex}`,
        ...status.errors,
      ].join('; '),
    ),
  );
  const states = survivors.flatMap(({ master }) => valueOf(master.view.status) ?? []);
  const leaders = new Set(states.map(({ leader }) => leader));
  const led = survivors.some(({ memberId }) => leaders.has(memberId));
  if (leaders.size !== 1 || new Set(states.map(({ raftTerm }) => raftTerm)).size !== 1 || !led) {
    return objection(
      'LeaderUnclear',
      'the survivors do not agree on one leader among them and on one term',
      evidence,
    );
  }
  const indexes = states.flatMap(({ raftIndex, raftAppliedIndex }) => [raftIndex, raftAppliedIndex]);
  const gap = Math.max(...indexes) - Math.min(...indexes);
  if (gap > raftGapAtMost || states.some(({ errors, learner }) => errors.length > 0 || learner)) {
    return objection('SurvivorLagging', 'a survivor is behind, or reports errors of its own', evidence);
  }
  const down = observation.masters.find(
    ({ name, node }) =>
      survivors.some(({ master }) => master.name === name) && valueOf(node)?.ready !== 'True',
  );
  return down && objection('OtherMasterUnhealthy', `the Node ${down.name} is not Ready`, [nodeFact(down)]);
}

/** A member that others call healthy has to have spoken for itself: two vantage points at least, and every survivor. */
function unaskedObjection({
  survey,
  standings,
}: Pick<Assessment, 'survey' | 'standings'>): EtcdObjection | undefined {
  const asked = new Set(survey.survivors.map(({ master }) => master.name));
  const silent = standings.filter(
    ({ standing, master }) => standing === 'healthy' && !asked.has(master.name),
  );
  if (silent.length === 0 && asked.size >= 2) return undefined;
  const names = namesOf(silent.map(({ master }) => master));
  return objection(
    'EvidenceIncomplete',
    `not every survivor could be asked itself: ${names}`,
    standingFacts(standings),
  );
}

export function nodeFact({ name, node }: Assessment['observation']['masters'][number]): Evidence {
  return factOf(node, `Node ${name}`, ({ ready, readyReason }) => `Ready=${ready} (${readyReason})`);
}
