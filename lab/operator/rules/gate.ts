import { goMembers } from './members.ts';
import type { Profile } from './profiles.ts';
import type { MemberHealth, NodeStatus } from './types.ts';

export const OVERRIDE = 'useUnsupportedUnsafeNonHANonProductionUnstableEtcd';

export interface GateInput {
  profile: Pick<Profile, 'countsHealthyFirst'>;
  nodeStatuses: readonly NodeStatus[];
  latestAvailableRevision: number;
  /** `spec.unsupportedConfigOverrides`. */
  overrides: unknown;
  /** What the member cache holds, up to 60 s old; a text when the members cannot be listed. */
  members: readonly MemberHealth[] | string;
}

/** An open gate says by which rule; a closed one in the words that end up in the operator's condition. */
export type Gate =
  | { open: true; by: 'revision in progress' | 'override' | 'members' }
  | { open: false; why: string };

/**
 * `CheckSafeToScaleCluster`: may something be done that will restart an etcd member? The order is the operator's, and
 * matters: during a roll-out everything passes, so that the override is needed only until the new revision exists.
 */
export function gateOf(input: GateInput): Gate {
  const { nodeStatuses, latestAvailableRevision: latest, overrides, members, profile } = input;
  if (nodeStatuses.some(({ currentRevision }) => currentRevision !== latest))
    return { open: true, by: 'revision in progress' };
  if (isOverridden(overrides)) return { open: true, by: 'override' };
  if (typeof members === 'string')
    return closed(`CheckSafeToScaleCluster couldn't determine member health: ${members}`);
  const healthy = members.filter((member) => member.healthy).length;
  if (profile.countsHealthyFirst && healthy < 3) {
    return closed(
      `CheckSafeToScaleCluster found ${healthy} healthy member(s) out of the 3 required by the HAScalingStrategy`,
    );
  }
  const quorum = Math.floor(members.length / 2) + 1;
  if (members.length - quorum < 1) {
    return closed(`etcd cluster has quorum of ${quorum} which is not fault tolerant: ${goMembers(members)}`);
  }
  if (healthy - quorum < 1) {
    return closed(
      `etcd cluster has quorum of ${quorum} and ${healthy} healthy members which is not fault tolerant: ${goMembers(members)}`,
    );
  }
  return { open: true, by: 'members' };
}

/** The real one takes the word as well as the truth value. */
function isOverridden(overrides: unknown): boolean {
  if (typeof overrides !== 'object' || overrides === null) return false;
  const value = (overrides as Record<string, unknown>)[OVERRIDE];
  return value === true || value === 'true';
}

function closed(why: string): Gate {
  return { open: false, why };
}
