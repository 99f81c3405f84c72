import { valueOf } from '../reading.ts';
import { assess, targetOf, type Assessment } from './assessment.ts';
import {
  agreementObjection,
  alarmObjection,
  operatorObjection,
  quorumLostObjection,
  readObjection,
  type LeaseOwner,
} from './guards-cluster.ts';
import { countsObjection, fitnessObjection, learnerObjection, targetObjection } from './guards-members.ts';
import type { EtcdMaster, EtcdObservation } from './observation.ts';
import type { EtcdPins } from './pins.ts';
import type { EtcdPlan } from './plan.ts';
import type { EtcdPolicy } from './policy.ts';

/**
 * What became of the pinned member. `updated`: it has the peer URL that the plan gives it. `changed`: one that nobody here knows. `unclear`: not every survivor was
 * asked, or they do not agree. Resolves a removal whose reply was lost: it is read back from all, and never tried again blindly.
 */
export type Membership = 'listed' | 'removed' | 'updated' | 'changed' | 'unclear';

export function membershipOf(masters: EtcdMaster[], pins: EtcdPins): Membership {
  const { target, survivors, clusterId } = pins;
  if (!target.member) return 'removed';
  const { id, peerUrls } = target.member;
  const found = survivors.map(({ node, memberId }) => {
    const view = masters.find(({ name }) => name === node)?.view;
    const self = view && valueOf(view.self);
    const members = view && valueOf(view.members);
    // An empty answer is no answer: "not found" counts only from the pinned member of the pinned cluster, which lists itself.
    const isHeard = self?.clusterId === clusterId && self.memberId === memberId;
    if (!isHeard || !members?.some((one) => one.id === memberId)) return 'unclear';
    const member = members.find((one) => one.id === id);
    if (!member) return 'removed';
    if (isSame(member.peerUrls, peerUrls)) return 'listed';
    const { newPeerUrl } = target;
    return newPeerUrl !== undefined && isSame(member.peerUrls, [newPeerUrl]) ? 'updated' : 'changed';
  });
  const words = new Set<Membership>(found);
  const [only] = words;
  return only !== undefined && words.size === 1 ? only : 'unclear';
}

/**
 * Why the approved change of membership must not be made just now, or undefined. Asked directly before it: hours may lie between
 * the plan and this step, and a second failure meanwhile would make an outage of it. What is already so is no objection: the step
 * finds it so, and changes nothing.
 */
export function objectionToChange(
  observation: EtcdObservation,
  { pins }: EtcdPlan,
  { policy, owner }: { policy: EtcdPolicy; owner?: LeaseOwner },
): string | undefined {
  const membership = membershipOf(observation.masters, pins);
  if (membership === 'removed' || membership === 'updated') return undefined;
  const early = quorumLostObjection(observation) ?? readObjection(observation);
  if (early) return early.because;
  if (membership !== 'listed')
    return `what became of member ${pins.target.member?.id ?? ''} is ${membership}`;
  const assessment = assess(observation);
  const standing =
    agreementObjection(assessment) ??
    targetObjection(assessment, pins.target.node) ??
    operatorObjection(observation, owner) ??
    alarmObjection(assessment) ??
    learnerObjection(assessment) ??
    countsObjection(assessment) ??
    fitnessObjection(assessment, policy.raftGapAtMost);
  return standing?.because ?? pinObjection(assessment, pins);
}

/** All that the vote was about is still what it was. */
function pinObjection(assessment: Assessment, pins: EtcdPins): string | undefined {
  const { target, survivors, clusterId, executor } = pins;
  const { survey } = assessment;
  if (survey.clusterId !== clusterId) return `this is cluster ${survey.clusterId}, not ${clusterId}`;
  if (executor.node === target.node || executor.memberId === target.member?.id)
    return 'the member would have to change itself';
  const alive = survey.survivors.map(({ memberId }) => memberId);
  const missing = survivors.find(({ memberId }) => !alive.includes(memberId));
  if (missing) return `${missing.node} no longer answers as member ${missing.memberId}`;
  return targetPinObjection(assessment, target);
}

function targetPinObjection(assessment: Assessment, target: EtcdPins['target']): string | undefined {
  const found = targetOf(assessment);
  if (found?.fault.node !== target.node || found.fault.member?.id !== target.member?.id)
    return `member ${target.member?.id ?? ''} of ${target.node} is not the one that is broken`;
  const node = valueOf(found.standing.master.node);
  return node?.uid === target.nodeUid && isSame(node.internalIps, target.addresses)
    ? undefined
    : `the Node ${target.node} is another one, or has other addresses, than the plan says`;
}

function isSame(left: string[], right: string[]): boolean {
  return left.toSorted().join(' ') === right.toSorted().join(' ');
}
