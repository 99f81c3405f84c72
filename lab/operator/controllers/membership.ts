import type { Operator } from '../context.ts';
import { EtcdError } from '../etcd-client.ts';
import { syncCondition } from '../rules/conditions.ts';
import { additionOf, promotableOf, removableOf } from '../rules/membership.ts';
import { isStable } from '../rules/revisions.ts';
import { hexId, type Member } from '../rules/types.ts';
import type { View } from '../view.ts';

const RESYNC_MS = 33 * 60_000;
const LONGEST_BACKOFF_MS = 60_000;

/** ClusterMemberController: adds what is missing as a learner, promotes what has caught up; idle while a member is unhealthy. */
export function memberController(operator: Operator): (view: View) => Promise<void> {
  const { etcd, record, log } = operator;
  let said = '';
  return async (view) => {
    const members = await etcd.members();
    const health = await etcd.health(members);
    const anyUnhealthy = health.some(({ healthy }) => !healthy);
    const { masters, machines, operands } = view;
    const addition = additionOf({ masters, members, anyUnhealthy, machines, operands });
    if ('add' in addition) {
      await etcd.addLearner(addition.add);
      record(
        'cluster-member-controller',
        'MemberAddAsLearner',
        `successfully added new member ${addition.add}`,
      );
      return;
    }
    if (addition.skip !== said) log((said = addition.skip));
    if (anyUnhealthy) return;
    for (const member of promotableOf(members, machines)) await promote(operator, member);
  };
}

/** A learner that is behind is refused by etcd's leader: the ordinary case, and no error. */
async function promote({ etcd, record, log }: Operator, member: Member): Promise<void> {
  try {
    await etcd.promote(member.id);
    record(
      'cluster-member-controller',
      'MemberPromote',
      `successfully promoted learner member ${member.peerUrls[0]}`,
    );
  } catch (error) {
    if (!(error instanceof EtcdError)) throw error;
    log(`not promoted: ${error.message}`);
  }
}

/**
 * ClusterMemberRemovalController: wakes when a Node, a Machine or a ConfigMap changes, or after 33 minutes, so it may
 * come within seconds, or long after a runbook has begun.
 */
export function removalController(operator: Operator): (view: View) => Promise<void> {
  let seen = '';
  let failures = 0;
  let notBefore = 0;
  return async (view) => {
    const now = Date.now();
    const isAwake = failures > 0 ? now >= notBefore : view.events !== seen || now >= notBefore;
    if (!isAwake) return;
    seen = view.events;
    try {
      await removeOrphans(view, operator);
      failures = 0;
      notBefore = Date.now() + RESYNC_MS;
      operator.board.report(syncCondition('ClusterMemberRemovalController', undefined));
    } catch (error) {
      failures += 1;
      notBefore = Date.now() + Math.min(1000 * 2 ** failures, LONGEST_BACKOFF_MS);
      const message = error instanceof Error ? error.message : String(error);
      operator.board.report(syncCondition('ClusterMemberRemovalController', message));
      throw error;
    }
  };
}

async function removeOrphans(view: View, operator: Operator): Promise<void> {
  const { etcd, board, profile, log, record } = operator;
  const members = await etcd.members();
  const removable = removableOf({
    endpoints: view.object('configmap', 'etcd-endpoints')?.data ?? {},
    members,
    masters: view.masters,
    machines: view.machines,
    stable: isStable(board.nodes(), board.latest()),
    waitsForStableRevision: profile.waitsForStableRevision,
  });
  if (typeof removable === 'string') return log(`removal: ${removable}`);
  for (const member of removable) {
    const [answer] = await etcd.health([member]);
    if (answer?.healthy) {
      throw new Error(
        `cannot remove member: ${member.peerUrls[0]} because it is reported as healthy but its machine and node are gone`,
      );
    }
    await etcd.remove(member.id);
    const id = profile.eventIds === 'hex' ? `[${hexId(member)}]` : member.id;
    record('cluster-member-removal-controller', 'MemberRemove', `removed member with ID: ${id}`);
  }
}
