import {
  addressOfMember,
  hasStarted,
  hexId,
  type Master,
  type Member,
  type MemberHealth,
  type Verdict,
} from './types.ts';

/** EtcdMembersAvailable, EtcdMembersDegraded, EtcdMembersProgressing and the controller's own condition. */
export function memberConditions(members: readonly MemberHealth[] | string): Verdict[] {
  // Without a quorum the list itself times out, so NoQuorum is hardly ever seen: the three others keep what they said.
  if (typeof members === 'string') {
    return [verdict('EtcdMembersControllerDegraded', 'True', 'ErrorUpdatingReportEtcdMembers', members)];
  }
  const message = summary(members);
  const healthy = members.filter((each) => each.healthy).length;
  const quorate = healthy > members.length / 2;
  const unhealthy = members.some((each) => !each.healthy && hasStarted(each.member));
  const unstarted = members.some(({ member }) => !hasStarted(member));
  return [
    verdict(
      'EtcdMembersAvailable',
      quorate ? 'True' : 'False',
      quorate ? 'EtcdQuorate' : 'NoQuorum',
      message,
    ),
    unhealthy
      ? verdict('EtcdMembersDegraded', 'True', 'UnhealthyMembers', message)
      : verdict('EtcdMembersDegraded', 'False', 'AsExpected', 'No unhealthy members found'),
    unstarted
      ? verdict('EtcdMembersProgressing', 'True', 'MembersNotStarted', message)
      : verdict('EtcdMembersProgressing', 'False', 'AsExpected', 'No unstarted etcd members found'),
    { type: 'EtcdMembersControllerDegraded', status: 'False', reason: 'MembersReported' },
  ];
}

/** "2 of 3 members are available, master-2 is unhealthy". */
function summary(members: readonly MemberHealth[]): string {
  const healthy = members.filter((each) => each.healthy).length;
  if (healthy === members.length) return `${members.length} members are available`;
  const bad = members
    .filter((each) => !each.healthy)
    .map(({ member }) =>
      hasStarted(member) ? `${member.name} is unhealthy` : `${nameOrHost(member)} has not started`,
    );
  return [`${healthy} of ${members.length} members are available`, ...bad].join(', ');
}

function nameOrHost(member: Member): string {
  return member.name || `NAME-PENDING-${addressOfMember(member)}`;
}

/** The member dump of Go's `%+v`, as 4.16 puts it into its message. */
export function goMembers(members: readonly MemberHealth[]): string {
  return `[${members.map(goMember).join(' ')}]`;
}

function goMember({ member, healthy, took = '', error = '<nil>' }: MemberHealth): string {
  const urls = [
    ...member.peerUrls.map((url) => `peerURLs:"${url}"`),
    ...member.clientUrls.map((url) => `clientURLs:"${url}"`),
  ];
  const fields = [`ID:${member.id}`, `name:"${member.name}"`, ...urls].join(' ');
  return `{Member:${fields} Healthy:${healthy} Took:${took} Error:${error}}`;
}

/**
 * Data of the ConfigMap `etcd-endpoints`: hex id to address, voters only. While the members cannot be listed, newer
 * operators write the nodes' own addresses under the nodes' names; older ones leave it (undefined).
 */
export function endpointsOf(
  members: readonly Member[] | string,
  masters: readonly Master[],
  fallBack: boolean,
): Record<string, string> | undefined {
  if (typeof members !== 'string') {
    const voters = members.filter(({ learner }) => !learner);
    return Object.fromEntries(voters.map((member) => [hexId(member), addressOfMember(member)]));
  }
  if (!fallBack) return undefined;
  return Object.fromEntries(masters.map(({ name, address }) => [name, address]));
}

function verdict(type: string, status: Verdict['status'], reason: string, message: string): Verdict {
  return { type, status, reason, message };
}
