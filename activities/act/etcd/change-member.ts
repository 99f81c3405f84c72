import { membershipOf, type Membership, type MembersSeen } from '../../../domain/etcd/before-change.ts';
import { decimalId } from '../../../domain/etcd/member-id.ts';
import type { EtcdPins } from '../../../domain/etcd/pins.ts';
import type { NodeLane } from '../../connections/node-lane.ts';
import type { ActResult } from '../../contract.ts';
import { failure, isFailure, sentenceOf } from '../../failure.ts';
import { pause } from '../../heartbeat.ts';
import { readAllMembers } from './read-members.ts';

/** A member that follows may be a moment behind the one that has agreed. */
const READ_BACKS = 5;
const PAUSE_MS = 1000;
const CHANGE_MS = 60_000;

/** Removes exactly the pinned member, and returns once every survivor lists it no more. */
export async function removeMember(lane: NodeLane, pins: EtcdPins, signal: AbortSignal): Promise<ActResult> {
  const { member, node } = pins.target;
  if (!member) return { changed: false, sentence: `no member of ${node} was listed, so none is removed` };
  const from = member.peerUrls;
  const changed = await change(lane, pins, { how: 'remove', from, to: [], wanted: 'removed' }, signal);
  const listed = `${namesOf(pins)} list it no more`;
  const sentence = changed
    ? `removed member ${member.id} of ${node} through ${pins.executor.node}: ${listed}`
    : `member ${member.id} of ${node} was removed already: ${listed}`;
  return { changed, sentence };
}

/** Gives exactly the pinned member the peer URLs `to`: the plan's new one, or again those it had. */
export async function updateMember(
  lane: NodeLane,
  pins: EtcdPins,
  to: string[],
  signal: AbortSignal,
): Promise<ActResult> {
  const { member, newPeerUrl } = pins.target;
  const fresh = newPeerUrl === undefined ? [] : [newPeerUrl];
  const forward = sameUrls(to, fresh);
  if (!member || fresh.length === 0 || !(forward || sameUrls(to, member.peerUrls)))
    throw failure('PreconditionFailed', `${to.join(', ')} is not what the plan gives the member`);
  const from = forward ? member.peerUrls : fresh;
  const wanted = forward ? 'updated' : 'listed';
  const how = forward ? 'update' : 'restore';
  const changed = await change(lane, pins, { how, from, to, wanted }, signal);
  const sentence = `member ${member.id} of ${pins.target.node} has the peer URL ${to.join(', ')}${changed ? '' : ' already'}: ${namesOf(pins)} list it so`;
  return { changed, sentence };
}

interface Change {
  how: 'remove' | 'update' | 'restore';
  from: string[];
  to: string[];
  wanted: Membership;
}

/**
 * The script reads id and peer URL again directly before it acts. Whatever becomes of its answer, all survivors are asked: a
 * removal whose reply was lost must neither be repeated nor be taken for done.
 */
async function change(
  lane: NodeLane,
  pins: EtcdPins,
  { how, from, to, wanted }: Change,
  signal: AbortSignal,
): Promise<boolean> {
  const { executor, target, clusterId, runId } = pins;
  const id = target.member?.id ?? '';
  if (executor.node === target.node || executor.memberId === id)
    throw failure('PreconditionFailed', 'the member would have to change itself');
  const ids = [decimalId(clusterId), decimalId(executor.memberId), how, decimalId(id)];
  const args = [executor.node, ...ids, from.join(','), to.join(',')];
  const outcome = await lane
    .run({ node: executor.node, script: 'change-member.sh', runId, args, timeoutMs: CHANGE_MS, signal })
    .then(
      (said) => ({ changed: said['changed'] === 'yes' }),
      (error: unknown) => ({ error }),
    );
  signal.throwIfAborted();
  if ('error' in outcome && isFailure(outcome.error, 'PreconditionFailed')) throw outcome.error;
  const { membership, seen } = await readBack(lane, pins, wanted, signal);
  if (membership === wanted) return 'error' in outcome || outcome.changed;
  if (membership === 'unclear') throw unclear(id, seen);
  // All of them list it as before: nothing was done, and the next attempt may do it.
  if ('error' in outcome) throw outcome.error;
  throw unclear(id, seen);
}

async function readBack(
  lane: NodeLane,
  pins: EtcdPins,
  wanted: Membership,
  signal: AbortSignal,
): Promise<{ membership: Membership; seen: MembersSeen[] }> {
  for (let tries = 1; ; tries++) {
    const seen = await readAllMembers(lane, pins, signal);
    const membership = membershipOf(seen, pins);
    if (membership === wanted || tries === READ_BACKS) return { membership, seen };
    await pause(PAUSE_MS, signal);
  }
}

function unclear(id: string, seen: MembersSeen[]): Error {
  const words = seen.map(({ name, view: { members } }) => {
    if (!members.known) return `${name} does not answer (${sentenceOf(new Error(members.why))})`;
    const member = members.value.find((one) => one.id === id);
    return `${name} lists ${member ? `it at ${member.peerUrls.join(', ')}` : 'it no more'}`;
  });
  return failure('MembershipUnclear', `what became of member ${id} is not clear: ${words.join('; ')}`);
}

function sameUrls(left: string[], right: string[]): boolean {
  return left.length > 0 && left.toSorted().join(' ') === right.toSorted().join(' ');
}

function namesOf({ survivors }: EtcdPins): string {
  return survivors.map(({ node }) => node).join(' and ');
}
