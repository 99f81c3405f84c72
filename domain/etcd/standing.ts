import { hostsOf } from './addresses.ts';
import { specAddresses } from './mismatch.ts';
import type { EtcdMaster, EtcdMember } from './observation.ts';
import { hasStarted, healthOf, membersAt, strangersAmong, type Survey } from './survey.ts';

/**
 * How one master stands in the cluster. `absent`: no member is at its addresses, nor one that was. `joining`: a learner, or
 * one that has not started, is there. `unmatched`: members without a master exist, and which of them is this one's cannot be
 * told. `several`: more than one claims it. `mixed`: the survivors do not agree. `unknown`: not enough was read.
 */
export type StandingName =
  | 'healthy'
  | 'bad'
  | 'absent'
  | 'joining'
  | 'unmatched'
  | 'several'
  | 'mixed'
  | 'unknown';

export interface Standing {
  master: EtcdMaster;
  standing: StandingName;
  member?: EtcdMember;
  /** The member is at an address that the Node does not have any more. */
  orphaned: boolean;
}

export function standingsOf(masters: EtcdMaster[], survey: Survey): Standing[] {
  return masters.map((master) => standingOf(master, masters, survey));
}

function standingOf(master: EtcdMaster, masters: EtcdMaster[], survey: Survey): Standing {
  const simply = (standing: StandingName): Standing => ({ master, standing, orphaned: false });
  // Whose member an orphan is can only be told when the addresses of all masters are known.
  if (masters.some(({ node }) => !node.known)) return simply('unknown');
  const [own, ...more] = membersAt(master, survey.members);
  if (more.length > 0) return simply('several');
  if (own) return judged(own, false);

  const strangers = strangersAmong(survey.members, masters);
  if (strangers.length === 0) return simply('absent');
  const orphan = orphanOf(master, masters, strangers, survey);
  return orphan ? judged(orphan, true) : simply('unmatched');

  function judged(member: EtcdMember, orphaned: boolean): Standing {
    const standing = member.learner || !hasStarted(member) ? 'joining' : healthOf(member, survey, master);
    return { master, member, standing, orphaned };
  }
}

/**
 * The one member without a master, for the one master without a member, and only if a pod's spec vouches that this master had
 * that address. Two of either mean that nobody can tell.
 */
function orphanOf(
  master: EtcdMaster,
  masters: EtcdMaster[],
  strangers: EtcdMember[],
  survey: Survey,
): EtcdMember | undefined {
  const bereft = masters.filter((one) => membersAt(one, survey.members).length === 0);
  const [orphan] = strangers;
  if (!orphan || strangers.length > 1 || bereft.length > 1) return undefined;
  const vouched = specAddresses(master, masters);
  const others = masters.filter(({ name }) => name !== master.name);
  const claimed = hostsOf(orphan.peerUrls);
  // The same address, vouched for another master too, is an address that went from one to the other.
  const disputed = others.some((one) => specAddresses(one, masters).some((host) => claimed.includes(host)));
  return !disputed && claimed.some((host) => vouched.includes(host)) ? orphan : undefined;
}
