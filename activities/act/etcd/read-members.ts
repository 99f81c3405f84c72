import { hostsOf } from '../../../domain/etcd/addresses.ts';
import { memberId } from '../../../domain/etcd/member-id.ts';
import type { MembersSeen } from '../../../domain/etcd/before-change.ts';
import type { EtcdMember } from '../../../domain/etcd/observation.ts';
import type { EtcdPins } from '../../../domain/etcd/pins.ts';
import { known, unknown } from '../../../domain/reading.ts';
import type { NodeLane } from '../../connections/node-lane.ts';
import { failure, sentenceOf, typeOf } from '../../failure.ts';

const READ_MS = 30_000;

interface MembersRead extends MembersSeen {
  /** Of the data that this member has; only where it was asked for. */
  revision?: number;
}

/** Every survivor asked on its own master. One that does not answer is unknown, and no vote for anything. */
export async function readAllMembers(
  lane: NodeLane,
  { survivors, runId }: Pick<EtcdPins, 'survivors' | 'runId'>,
  signal: AbortSignal,
  also: 'revision'[] = [],
): Promise<MembersRead[]> {
  return await Promise.all(
    survivors.map(({ node }) => readMembers(lane, [node, ...also], { runId, signal })),
  );
}

async function readMembers(
  lane: NodeLane,
  args: [node: string, ...also: 'revision'[]],
  { runId, signal }: { runId: string; signal: AbortSignal },
): Promise<MembersRead> {
  const [node] = args;
  const source = `etcdctl member list on ${node}`;
  try {
    const script = 'read-members.sh';
    const said = await lane.run({ node, script, runId, args, timeoutMs: READ_MS, signal });
    const { self, members } = parseMembers(said['members'] ?? '');
    const revision = Number(said['revision'] ?? '');
    return {
      name: node,
      view: { self: known(self, source), members: known(members, source) },
      ...(said['revision'] && Number.isSafeInteger(revision) ? { revision } : {}),
    };
  } catch (error) {
    signal.throwIfAborted();
    const why = unknown(sentenceOf(error), source, typeOf(error));
    return { name: node, view: { self: why, members: why } };
  }
}

/**
 * `etcdctl -w fields member list`: one `"Key" : value` to a line, ids in decimal. Throws for anything else: half a list would make
 * whoever stands in the other half look removed.
 */
function parseMembers(text: string): {
  self: { clusterId: string; memberId: string };
  members: EtcdMember[];
} {
  const head: Record<string, string> = {};
  const members: EtcdMember[] = [];
  for (const line of text.split('\n').filter((one) => one.trim() !== '')) {
    const [, key = '', value = ''] = /^"(\w+)" : (.+)$/.exec(line.trim()) ?? [];
    if (key === 'ID') members.push(newMember(value));
    else if (members.length === 0) head[key] = value;
    else addTo(members.at(-1), key, value);
  }
  const { ClusterID = '', MemberID = '' } = head;
  return { self: { clusterId: idOf(ClusterID), memberId: idOf(MemberID) }, members };
}

function newMember(id: string): EtcdMember {
  return { id: idOf(id), name: '', peerUrls: [], clientUrls: [], learner: false };
}

function addTo(member: EtcdMember | undefined, key: string, value: string): void {
  if (!member) return;
  if (key === 'Name') member.name = textOf(value);
  else if (key === 'PeerURL') member.peerUrls.push(urlOf(value));
  else if (key === 'ClientURL') member.clientUrls.push(urlOf(value));
  else if (key === 'IsLearner') member.learner = value !== 'false';
  else throw new Error(`etcdctl's list has a line of an unknown kind: ${key}`);
}

function idOf(decimal: string): string {
  const id = memberId(decimal, 'decimal');
  if (id === undefined) throw new Error(`'${decimal}' is no id of etcd`);
  return id;
}

/** Go quotes it nearly as JSON does; a name that JSON cannot read stays as it is, since nothing is found by its name. */
function textOf(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted;
  }
}

function urlOf(quoted: string): string {
  const url = textOf(quoted);
  if (hostsOf([url]).length === 0) throw new Error(`'${url}' is no URL of a member`);
  return url;
}

/** The highest revision that any survivor has. Throws `MembershipUnclear` while one of them does not tell. */
export function highestRevision(read: MembersRead[]): number {
  const revisions = read.map(({ name, revision, view }) => {
    if (revision !== undefined) return revision;
    const why = view.self.known ? 'it tells no revision' : view.self.why;
    throw failure('MembershipUnclear', `${name} could not be asked how far it has come: ${why}`);
  });
  return Math.max(...revisions);
}
