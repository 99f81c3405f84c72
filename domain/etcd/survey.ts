import type { Reading } from '../reading.ts';
import { valueOf } from '../reading.ts';
import { hostsOf, includesHost } from './addresses.ts';
import type { EtcdMaster, EtcdMember, EtcdObservation } from './observation.ts';

/** A master whose member answers a linearizable read and lists the members: somebody whose word counts, and through whom we act. */
export interface Survivor {
  master: EtcdMaster;
  memberId: string;
}

/** What all survivors say together. */
export interface Survey {
  survivors: Survivor[];
  clusterId: string;
  members: EtcdMember[];
  voters: EtcdMember[];
  /** Why their words cannot be taken for one; undefined: they agree. */
  disagreement?: string;
}

export function surveyOf({ masters }: Pick<EtcdObservation, 'masters'>): Survey {
  const survivors = masters.flatMap((master) => survivorIn(master) ?? []);
  const [first] = survivors;
  const members = first ? (valueOf(first.master.view.members) ?? []) : [];
  const disagreement = disagreementAmong(survivors);
  return {
    survivors,
    clusterId: first ? (valueOf(first.master.view.self)?.clusterId ?? '') : '',
    members,
    voters: members.filter((member) => !member.learner && hasStarted(member)),
    ...(disagreement === undefined ? {} : { disagreement }),
  };
}

export function hasStarted({ name, clientUrls }: EtcdMember): boolean {
  return name !== '' && clientUrls.length > 0;
}

/** Its own read alone is not enough: one that does not stand in its own list answers for somebody else. */
function survivorIn(master: EtcdMaster): Survivor | undefined {
  const { self, members, read } = master.view;
  if (!self.known || !members.known || !read.known || !read.value.healthy) return undefined;
  const { memberId } = self.value;
  const own = members.value.find(({ id }) => id === memberId);
  return own && hasStarted(own) && !own.learner ? { master, memberId } : undefined;
}

function disagreementAmong(survivors: Survivor[]): string | undefined {
  const clusters = new Set(survivors.map(({ master }) => valueOf(master.view.self)?.clusterId));
  if (clusters.size > 1) return `they name different clusters: ${[...clusters].join(', ')}`;
  const lists = new Set(survivors.map(({ master }) => writtenOut(master.view.members)));
  if (lists.size > 1) return 'they list different members';
  const voices = new Set(survivors.map(({ memberId }) => memberId));
  return voices.size < survivors.length ? 'one member answers at two masters' : undefined;
}

/** Independent of the order in which a member lists them. */
function writtenOut(members: Reading<EtcdMember[]>): string {
  return (valueOf(members) ?? [])
    .map((one) => [one.id, one.name, one.learner, one.peerUrls.toSorted().join(' ')].join('|'))
    .sort()
    .join('\n');
}

/**
 * `bad`: every survivor fails to reach it, and it does not answer itself. `mixed`: they do not agree, and a member that
 * somebody still reaches is never taken for dead: etcd itself lets a partitioned one remove a healthy one.
 */
export type MemberHealth = 'healthy' | 'bad' | 'mixed' | 'unknown';

/** `host`: the master that it is thought to be on. What answers there as another member is not its word. */
export function healthOf(member: EtcdMember, { survivors }: Survey, host: EtcdMaster): MemberHealth {
  const self = valueOf(host.view.self);
  const isOther = self !== undefined && self.memberId !== member.id;
  const own = isOther ? undefined : valueOf(host.view.read)?.healthy;
  const others = survivors.filter(({ memberId }) => memberId !== member.id);
  const words = others.map(
    ({ master }) => valueOf(master.view.reach)?.find(({ memberId }) => memberId === member.id)?.healthy,
  );
  if (words.length === 0 || words.includes(undefined)) return 'unknown';
  const said = [...words, ...(own === undefined ? [] : [own])];
  if (said.every((healthy) => healthy === true)) return 'healthy';
  return said.includes(true) ? 'mixed' : 'bad';
}

/** Members whose peer URL is at one of this master's addresses. By address alone, never by name. */
export function membersAt(master: EtcdMaster, members: EtcdMember[]): EtcdMember[] {
  const addresses = valueOf(master.node)?.internalIps ?? [];
  return members.filter(({ peerUrls }) => hostsOf(peerUrls).some((host) => includesHost(addresses, host)));
}

/** Members at no master's address: what a change of address leaves behind. */
export function strangersAmong(members: EtcdMember[], masters: EtcdMaster[]): EtcdMember[] {
  const owned = new Set(masters.flatMap((master) => membersAt(master, members)));
  return members.filter((member) => !owned.has(member));
}
