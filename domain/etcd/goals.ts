import { valueOf, type Reading } from '../reading.ts';
import { hostsOf, includesHost } from './addresses.ts';
import { certificateFaults } from './certificates.ts';
import { machineLags } from './mismatch.ts';
import { ipVariable, urlHostVariable } from './names.ts';
import type { EtcdMaster, EtcdMember, EtcdPod, NodeCertificates } from './observation.ts';
import type { EtcdPins } from './pins.ts';
import type { EtcdOperator } from './platform.ts';
import { hasStarted } from './survey.ts';

/**
 * What is still wanting on the way back to a whole cluster, one sentence each; empty: the goal is reached. What could not be
 * read is wanting.
 */

/** A revision newer than `after`, and certificates for the node as it stands, where the plan asks for them. */
export function wantingForRevision(
  seen: { operator: Reading<EtcdOperator>; target: Pick<EtcdMaster, 'name' | 'node' | 'certificates'> },
  { after, pins, at }: { after: number; pins: EtcdPins; at: string },
): string[] {
  const { operator, target } = seen;
  const newest = operator.known
    ? notNewer(operator.value, after)
    : [`etcds/cluster could not be read (${operator.why})`];
  return [...newest, ...(pins.certificates.cure === 'none' ? [] : staleCertificates(target, at))];
}

function notNewer({ latestAvailableRevision }: EtcdOperator, after: number): string[] {
  if (latestAvailableRevision > after) return [];
  return [
    `the newest revision of the etcd operator is ${latestAvailableRevision}, not yet one after ${after}`,
  ];
}

function staleCertificates(
  target: { name: string; node: EtcdMaster['node']; certificates: Reading<NodeCertificates> },
  at: string,
): string[] {
  const { name, node, certificates } = target;
  if (!node.known) return [`the Node ${name} could not be read (${node.why})`];
  if (!certificates.known) return [`the certificates of ${name} could not be read (${certificates.why})`];
  return certificateFaults({ ...target, certificates }, at).map(({ fact }) => fact);
}

/** The target's pod is of the newest revision, and was made for the addresses that its node has. */
export function wantingForRollOut(
  operator: Reading<EtcdOperator>,
  pod: Reading<EtcdPod>,
  { target: { node, addresses } }: EtcdPins,
): string[] {
  if (!operator.known) return [`etcds/cluster could not be read (${operator.why})`];
  if (!pod.known) return [`pod etcd-${node} could not be read (${pod.why})`];
  const { latestAvailableRevision: newest } = operator.value;
  const { value } = pod;
  if (value.state === 'absent')
    return [`there is no pod etcd-${node}; revision ${newest} is to be installed`];
  if (value.terminating) return [`pod etcd-${node} of revision ${value.revision} is being deleted`];
  if (value.revision !== newest)
    return [`pod etcd-${node} is of revision ${value.revision}, not yet of ${newest}`];
  return [ipVariable(node), urlHostVariable(node)].flatMap((variable) => {
    const said = value.env[variable];
    if (said !== undefined && includesHost(addresses, said)) return [];
    return [`${variable}=${said ?? 'nothing'} in pod etcd-${node}, and the node has ${addresses.join(', ')}`];
  });
}

/** A master of which only its member is asked for its word. */
type Asked = Pick<EtcdMaster, 'name' | 'view'>;

/** One voter at the target's addresses, the same to all survivors of the plan, and reached by each of them. */
export function wantingForVoter(masters: Asked[], pins: EtcdPins): string[] {
  const words = pins.survivors.map(({ node }) =>
    wordOn(
      masters.find(({ name }) => name === node),
      node,
      pins,
    ),
  );
  const ids = new Set(words.flatMap(({ id }) => (id === undefined ? [] : [id])));
  const wanting = words.flatMap(({ missing }) => (missing === undefined ? [] : [missing]));
  return ids.size > 1
    ? [...wanting, `the survivors list different members there: ${[...ids].join(', ')}`]
    : wanting;
}

interface Word {
  id?: string;
  missing?: string;
}

function wordOn(survivor: Asked | undefined, name: string, pins: EtcdPins): Word {
  const { addresses } = pins.target;
  const where = addresses.join(' or ');
  if (!survivor) return { missing: `${name} was not looked at` };
  const { self, members } = survivor.view;
  if (!members.known) return { missing: `${name} does not list the members (${members.why})` };
  if (valueOf(self)?.clusterId !== pins.clusterId)
    return { missing: `${name} is not of cluster ${pins.clusterId}` };
  const there = members.value.filter(({ peerUrls }) =>
    hostsOf(peerUrls).some((host) => includesHost(addresses, host)),
  );
  const [member, ...more] = there;
  if (member && more.length === 0) return wordAbout(member, survivor, pins);
  return { missing: `${name} lists ${member ? `${there.length} members` : 'no member'} at ${where}` };
}

function wordAbout(
  member: EtcdMember,
  { name, view }: Asked,
  { strategy, target: { addresses, member: old } }: EtcdPins,
): Word {
  const { id, learner } = member;
  const what = `${id} at ${addresses.join(' or ')}`;
  if (strategy === 'replace' && id === old?.id)
    return { id, missing: `${name} still lists the old member ${id}` };
  if (!hasStarted(member)) return { id, missing: `${name} lists ${what}, which has not started` };
  if (learner) return { id, missing: `${name} lists ${what}, which is still a learner` };
  const said = valueOf(view.reach)?.find(({ memberId }) => memberId === id);
  if (said?.healthy === true) return { id };
  return { id, missing: `${name} does not reach ${what} (${said?.detail ?? 'not asked'})` };
}

/** With an old address in the Machine's status the operator adds no member, and says so in a verbose log alone. */
export function waitsForMachine(target: EtcdMaster | undefined, { strategy }: EtcdPins): string | undefined {
  const machine = target && valueOf(target.machine);
  if (!target || strategy !== 'replace' || machine?.state !== 'present' || !machineLags(target))
    return undefined;
  const has = machine.addresses.join(', ') || 'no address';
  const node = valueOf(target.node)?.internalIps.join(', ') ?? '';
  return `the status of Machine ${machine.name} has ${has}, and the Node ${target.name} has ${node}: until the Machine follows, the operator adds no member there`;
}
