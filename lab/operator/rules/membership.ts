import { addressOfMember, type Machine, type Master, type Member, type Operand } from './types.ts';

/** Why a node is not scaled up is only a verbose log line of the real operator: no condition, no event. */
export type Addition = { add: string; node: string } | { skip: string };

interface AdditionFacts {
  masters: readonly Master[];
  members: readonly Member[];
  anyUnhealthy: boolean;
  /** Undefined when the cluster has no functional Machine API: then no Machine is asked for. */
  machines: readonly Machine[] | undefined;
  operands: readonly Operand[];
}

/** Which peer URL is to be added as a learner now, if any: at most one, and none while a member is unhealthy. */
export function additionOf({ masters, members, anyUnhealthy, machines, operands }: AdditionFacts): Addition {
  if (anyUnhealthy) return { skip: 'a member is unhealthy' };
  const reasons: string[] = [];
  for (const { name, address } of masters) {
    const add = `https://${address}:2380`;
    if (members.some(({ peerUrls }) => peerUrls.includes(add))) continue;
    const blocked = machines && blockedBy(machines, name, address);
    if (blocked) reasons.push(blocked);
    else if (operands.some(({ node, etcdRunsNotReady }) => node === name && etcdRunsNotReady))
      return { add, node: name };
    else reasons.push(`etcd on ${name} is not running and not ready`);
  }
  return { skip: reasons.join('; ') || 'every master is a member' };
}

/** Learners that may be promoted; that they are in sync is for etcd's leader to say. */
export function promotableOf(members: readonly Member[], machines: readonly Machine[] | undefined): Member[] {
  return members.filter(
    (member) =>
      member.learner &&
      member.name !== '' &&
      !(machines && blockedBy(machines, member.name, addressOfMember(member))),
  );
}

function blockedBy(machines: readonly Machine[], node: string, address: string): string | undefined {
  const machine = machines.find(({ addresses }) => addresses.includes(address));
  const ignoring = `Ignoring node (${node}) for scale-up`;
  if (!machine) return `${ignoring}: no Machine found referencing this node's internal IP (${address})`;
  if (machine.deleting) return `${ignoring} since its machine (${machine.name}) is pending deletion`;
  if (machine.hooked) return undefined;
  return `${ignoring} since its machine (${machine.name}) is missing the PreDrain deletion hook (name: EtcdQuorumOperator, owner: clusteroperator/etcd)`;
}

interface RemovalFacts {
  /** Data of `etcd-endpoints`. */
  endpoints: Readonly<Record<string, string>>;
  members: readonly Member[];
  masters: readonly Master[];
  machines: readonly Machine[] | undefined;
  /** Every node is at the latest revision. */
  stable: boolean;
  waitsForStableRevision: boolean;
}

/**
 * Members that nobody backs any more: an address of `etcd-endpoints` that neither a Node nor a Machine has. That the
 * member is unhealthy as well is asked live, and takes up to 30 s.
 */
export function removableOf(facts: RemovalFacts): Member[] | string {
  const { endpoints, members, masters, machines, stable, waitsForStableRevision } = facts;
  if (!machines) return 'no functional Machine API';
  if (waitsForStableRevision) {
    if (!stable) return 'skipping due to revision in progress';
    if (!sameSet(voterAddresses(members), Object.values(endpoints)))
      return 'live membership differs from etcd-endpoints';
  }
  const backed = [
    ...masters.map(({ address }) => address),
    ...machines.flatMap(({ addresses }) => addresses),
  ];
  const orphans = Object.values(endpoints).filter((address) => !backed.includes(address));
  return members.filter((member) => orphans.includes(addressOfMember(member)));
}

function voterAddresses(members: readonly Member[]): string[] {
  return members.filter(({ learner }) => !learner).map(addressOfMember);
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((each) => right.includes(each));
}
