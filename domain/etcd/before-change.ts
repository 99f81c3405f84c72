import { valueOf } from '../reading.ts';
import { assess, targetOf, type Assessment } from './assessment.ts';
import { clusterObjection, type Asking } from './guards.ts';
import { quorumLostObjection, readObjection } from './guards-cluster.ts';
import type { EtcdMember, EtcdObservation, MemberView } from './observation.ts';
import type { EtcdPins, MemberPin } from './pins.ts';
import type { EtcdPlan } from './plan.ts';

/**
 * What became of the pinned member. `updated`: it has the peer URL that the plan gives it. `changed`: one that nobody here knows. `unclear`: not every survivor was
 * asked, or they do not agree. Resolves a removal whose reply was lost: it is read back from all, and never tried again blindly.
 */
export type Membership = 'listed' | 'removed' | 'updated' | 'changed' | 'unclear';

/** What one master's member says of the others. */
export interface MembersSeen {
  name: string;
  view: Pick<MemberView, 'self' | 'members'>;
}

export function membershipOf(masters: MembersSeen[], pins: EtcdPins): Membership {
  if (!pins.target.member) return 'removed';
  const words = new Set(pins.survivors.map((survivor) => wordOf(survivor, masters, pins)));
  const [only] = words;
  return only !== undefined && words.size === 1 ? only : 'unclear';
}

function wordOf(survivor: MemberPin, masters: MembersSeen[], pins: EtcdPins): Membership {
  const members = listHeardFrom(survivor, masters, pins.clusterId);
  const { member: pinned, newPeerUrl = '' } = pins.target;
  if (!members || !pinned) return 'unclear';
  const member = members.find(({ id }) => id === pinned.id);
  if (!member) return 'removed';
  if (isSame(member.peerUrls, pinned.peerUrls)) return 'listed';
  return isSame(member.peerUrls, [newPeerUrl]) ? 'updated' : 'changed';
}

/** An empty answer is no answer: a list counts only from the pinned member of the pinned cluster, which stands in it itself. */
function listHeardFrom(
  { node, memberId }: MemberPin,
  masters: MembersSeen[],
  clusterId: string,
): EtcdMember[] | undefined {
  const view = masters.find(({ name }) => name === node)?.view;
  if (!view?.self.known || !view.members.known) return undefined;
  const { self, members } = view;
  const isPinned = self.value.clusterId === clusterId && self.value.memberId === memberId;
  return isPinned && members.value.some(({ id }) => id === memberId) ? members.value : undefined;
}

/**
 * What the step is about to change. `member`: the pinned one, by its id, or nothing where none is pinned. `data`: whatever lies on
 * the target's disk, whichever member it belongs to by now.
 */
export type Touches = 'member' | 'data';

/**
 * Why the approved change must not be made just now, or undefined. Asked directly before it: hours may lie between the plan and
 * this step, and a second failure meanwhile would make an outage of it. Of a change of membership what is already so is no
 * objection: the step finds it so by the member's id, and changes nothing. A move of data knows no id: it would take the data of
 * a healthy member that has joined since.
 */
export function objectionToChange(
  observation: EtcdObservation,
  { pins }: EtcdPlan,
  asking: Asking,
  touches: Touches = 'member',
): string | undefined {
  const membership = membershipOf(observation.masters, pins);
  const isAlreadySo = membership === 'removed' || membership === 'updated';
  if (touches === 'member' && pins.target.member && isAlreadySo) return undefined;
  const early = quorumLostObjection(observation) ?? readObjection(observation);
  return (
    early?.because ?? fateObjection(membership, pins) ?? clusterAndPins(observation, pins, asking, membership)
  );
}

function fateObjection(membership: Membership, { target }: EtcdPins): string | undefined {
  if (membership === 'listed' || membership === 'removed') return undefined;
  return `what became of member ${target.member?.id ?? ''} is ${membership}`;
}

function clusterAndPins(
  observation: EtcdObservation,
  pins: EtcdPins,
  asking: Asking,
  membership: Membership,
): string | undefined {
  const assessment = assess(observation);
  const standing = clusterObjection(assessment, pins.target.node, asking);
  return standing?.because ?? pinObjection(assessment, pins, membership === 'removed');
}

/** All that the vote was about is still what it was. */
function pinObjection(assessment: Assessment, pins: EtcdPins, isGone: boolean): string | undefined {
  const { target, survivors, clusterId, executor } = pins;
  const { survey } = assessment;
  if (survey.clusterId !== clusterId) return `this is cluster ${survey.clusterId}, not ${clusterId}`;
  if (executor.node === target.node || executor.memberId === target.member?.id)
    return 'the member would have to change itself';
  const alive = survey.survivors.map(({ memberId }) => memberId);
  const missing = survivors.find(({ memberId }) => !alive.includes(memberId));
  if (missing) return `${missing.node} no longer answers as member ${missing.memberId}`;
  return targetPinObjection(assessment, target, isGone);
}

/** Of a member that is gone the place must still be empty: whoever has joined there since is not what the vote was about. */
function targetPinObjection(
  assessment: Assessment,
  target: EtcdPins['target'],
  isGone: boolean,
): string | undefined {
  const found = targetOf(assessment);
  const expected = isGone ? undefined : target.member?.id;
  if (found?.fault.node !== target.node || found.fault.member?.id !== expected)
    return `${expected === undefined ? 'the place without a member' : `member ${expected}`} on ${target.node} is not what is broken`;
  const node = valueOf(found.standing.master.node);
  return node?.uid === target.nodeUid && isSame(node.internalIps, target.addresses)
    ? undefined
    : `the Node ${target.node} is another one, or has other addresses, than the plan says`;
}

function isSame(left: string[], right: string[]): boolean {
  return left.toSorted().join(' ') === right.toSorted().join(' ');
}
