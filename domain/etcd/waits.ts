import { valueOf } from '../reading.ts';
import type { Evidence, Refuse, Wait } from '../verdict.ts';
import type { Assessment } from './assessment.ts';
import type { Fault } from './classify.ts';
import { factOf, standingFacts } from './facts.ts';
import { machineLags } from './mismatch.ts';
import type { EtcdPolicy } from './policy.ts';
import { objection, refuse, wait } from './refusal.ts';
import { isHeldUpBy } from './roll-out.ts';
import { lasted } from './sighting.ts';
import type { Standing } from './standing.ts';
import type { Strategy } from './strategy.ts';

/** For how long, without a break, every look has seen this fault. */
function seenMs({ sighting, observation }: Assessment): number {
  return sighting ? lasted(sighting.since, observation.at) : 0;
}

/** What must end before anybody touches a member: waited for, and then refused. */
export function platformWait(assessment: Assessment, policy: EtcdPolicy): Wait | Refuse | undefined {
  const { observation } = assessment;
  const { version, pools } = observation;
  const release = valueOf(version);
  const patient = seenMs(assessment) < policy.patienceMs;
  if (release && (release.state !== 'Completed' || release.progressing)) {
    const evidence = [
      factOf(
        version,
        'ClusterVersion',
        ({ state, version: name, since }) => `${name} ${state} since ${since}`,
      ),
    ];
    const because = 'an upgrade is in progress, and it restarts masters by itself';
    return patient
      ? wait('UpgradeInProgress', because, evidence)
      : refuse(objection('UpgradeInProgress', because, evidence));
  }
  const updating = (valueOf(pools) ?? []).filter((pool) => pool.updating);
  if (updating.length === 0) return undefined;
  const evidence = updating.map(({ name, since }) => ({
    fact: `MachineConfigPool ${name} updating since ${since}`,
    source: pools.source,
  }));
  const because = 'a new machine configuration is being rolled out, and it reboots nodes by itself';
  return patient
    ? wait('MachineConfigRollOut', because, evidence)
    : refuse(objection('MachineConfigRollOut', because, evidence));
}

/**
 * A revision being rolled out restarts members by itself. One that stands still, and waits for nothing but the broken member,
 * never ends before that is mended: then it is no reason to wait.
 */
export function rollOutWait(assessment: Assessment, policy: EtcdPolicy): Wait | Refuse | undefined {
  const { rollOut, fault, sighting, observation } = assessment;
  if (!rollOut || rollOut.state === 'settled') return undefined;
  const stoodMs = sighting ? lasted(sighting.rollOutSince, observation.at) : 0;
  if (fault && isHeldUpBy(rollOut, fault.node) && stoodMs >= policy.rollOutStandstillMs) return undefined;
  const evidence = [
    { fact: `roll-out of the etcd operator at ${rollOut.position}`, source: observation.operator.source },
  ];
  const because = 'the etcd operator is rolling out a revision';
  return seenMs(assessment) < policy.patienceMs
    ? wait('RollOutInProgress', because, evidence)
    : refuse(objection('RollOutInProgress', `${because}, and it does not end`, evidence));
}

/** A learner at the address of its master: the operator, or a person, is bringing the member back. */
export function joiningWait(assessment: Assessment, policy: EtcdPolicy): Wait | Refuse | undefined {
  const joining = assessment.standings.find(({ standing }) => standing === 'joining');
  if (!joining) return undefined;
  const evidence = standingFacts(assessment.standings);
  const because = `the member on ${joining.master.name} has been added and is catching up`;
  return seenMs(assessment) < policy.patienceMs
    ? wait('OperatorHealing', because, evidence)
    : refuse(objection('LearnerInTheWay', `${because}, and does not become a voter`, evidence));
}

/** Within that time the kubelet's pauses between restarts are long enough for a look to see that it is one. */
const loopShowsWithinMs = 2 * 60_000;

/**
 * A member that has failed a moment ago, and whose disk or log says why, may be on its way into a crash loop: the next looks tell.
 */
export function failingWait(assessment: Assessment, fault: Fault): Wait | undefined {
  const isExplained = fault.signals.some(({ origin }) => origin !== 'etcd');
  if (fault.cause !== 'transient' || !isExplained || seenMs(assessment) >= loopShowsWithinMs)
    return undefined;
  const because = `${fault.sentence}; but it has only just failed, and whether it goes on failing is looked at`;
  return wait('SeenOnlyOnce', because, fault.signals);
}

export function sightingWait(assessment: Assessment, fault: Fault, policy: EtcdPolicy): Wait | undefined {
  if (seenMs(assessment) >= policy.seenForMs) return undefined;
  const because = `${fault.sentence}; seen only once so far, and the second look must come ${policy.seenForMs / 1_000} s later`;
  return wait('SeenOnlyOnce', because, fault.signals);
}

/** With the old address in the Machine's status the operator refuses the new member, and says so nowhere. */
export function machineWait(
  assessment: Assessment,
  { master }: Standing,
  { strategy, policy }: { strategy: Strategy; policy: EtcdPolicy },
): Wait | Refuse | undefined {
  if (strategy !== 'replace' || !machineLags(master)) return undefined;
  const evidence: Evidence[] = [
    factOf(master.machine, `Machine of ${master.name}`, (machine) =>
      machine.state === 'present'
        ? `${machine.name} has ${machine.addresses.join(', ') || 'no address'}`
        : 'none',
    ),
    factOf(master.node, `Node ${master.name}`, ({ internalIps }) => `has ${internalIps.join(', ')}`),
  ];
  const because = `the Machine of ${master.name} does not have its node's address yet, and until it has, the operator adds no member`;
  return seenMs(assessment) < policy.machinePatienceMs
    ? wait('MachineLags', because, evidence)
    : refuse(objection('MachineNeverFollowed', because, evidence));
}

/** It may heal the cluster by itself: measured, in two minutes. */
export function graceWait(assessment: Assessment, fault: Fault, policy: EtcdPolicy): Wait | undefined {
  if (seenMs(assessment) >= policy.operatorGraceMs) return undefined;
  const because = `${fault.sentence}; the operator has ${policy.operatorGraceMs / 1_000} s to mend it by itself`;
  return wait('OperatorGrace', because, fault.signals);
}
