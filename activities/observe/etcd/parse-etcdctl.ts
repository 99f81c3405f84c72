import type { Health } from '../../../domain/control-plane.ts';
import { hostOf } from '../../../domain/etcd/addresses.ts';
import { memberId } from '../../../domain/etcd/member-id.ts';
import type { EtcdAlarm, EtcdMember, MemberStatus } from '../../../domain/etcd/observation.ts';
import type { DataHash } from '../../../domain/etcd/proof.ts';
import { redact, verbatim } from '../../redact.ts';
import { fieldsIn, listIn, parseLossless, textIn, type Lossless } from './lossless.ts';

/**
 * What `etcdctl -w json` of 3.5 and 3.6 prints → ours. Zero, false and empty are left out there. Each throws an Error that
 * names what is missing or makes no sense: then nothing of the answer is believed.
 */

export interface Self {
  clusterId: string;
  memberId: string;
}

type Fields = { [key: string]: Lossless };

/** `endpoint status` of one endpoint. */
export function parseStatus(text: string): { self: Self; status: MemberStatus } {
  const [only, ...more] = listOf(parseLossless(text), 'endpoint status');
  const status = fieldsOf(fieldsOf(only, 'endpoint status')['Status'], 'Status');
  if (more.length > 0) throw new Error('endpoint status: more than one endpoint answered');
  const number = (key: string) => count(status[key], key);
  return {
    self: selfIn(status),
    status: {
      version: redact(textIn(status['version']), 40),
      leader: status['leader'] === undefined ? '0' : idOf(status['leader'], 'leader'),
      raftTerm: number('raftTerm'),
      raftIndex: number('raftIndex'),
      raftAppliedIndex: number('raftAppliedIndex'),
      revision: count(fieldsOf(status['header'], 'header')['revision'], 'revision'),
      dbSizeBytes: number('dbSize'),
      dbInUseBytes: number('dbSizeInUse'),
      ...(status['dbSizeQuota'] === undefined ? {} : { dbQuotaBytes: number('dbSizeQuota') }),
      learner: status['isLearner'] === true,
      errors: (listIn(status['errors']) ?? []).map((one) => redact(textIn(one), 200)),
    },
  };
}

export function parseMembers(text: string): { self: Self; members: EtcdMember[] } {
  const answer = fieldsOf(parseLossless(text), 'member list');
  const members = listOf(answer['members'], 'members').map(memberIn);
  const ids = new Set(members.map(({ id }) => id));
  if (members.length === 0 || ids.size < members.length) throw new Error('members: none, or one twice');
  return { self: selfIn(answer), members };
}

function memberIn(written: Lossless): EtcdMember {
  const member = fieldsOf(written, 'member');
  const urls = (key: string) => (listIn(member[key]) ?? []).map((url) => verbatim(textIn(url), 300));
  return {
    id: idOf(member['ID'], 'ID'),
    name: verbatim(textIn(member['name']), 253),
    peerUrls: urls('peerURLs'),
    clientUrls: urls('clientURLs'),
    learner: member['isLearner'] === true,
  };
}

/** `get`: that there was an answer to it is all. */
export function parseRead(text: string): Self {
  return selfIn(fieldsOf(parseLossless(text), 'get'));
}

const alarmTypes: Record<string, EtcdAlarm['type']> = { '1': 'NOSPACE', '2': 'CORRUPT' };

export function parseAlarms(text: string): EtcdAlarm[] {
  const answer = fieldsOf(parseLossless(text), 'alarm list');
  selfIn(answer);
  return (listIn(answer['alarms']) ?? []).map((written) => {
    const alarm = fieldsOf(written, 'alarm');
    return {
      memberId: idOf(alarm['memberID'], 'memberID'),
      type: alarmTypes[textIn(alarm['alarm'])] ?? 'OTHER',
    };
  });
}

/**
 * While an alarm is raised anywhere, etcdctl calls every member unhealthy that has answered its linearizable read: it asks after
 * alarms only then. The alarm is read by itself, and none of them is dead for it.
 */
const answeredUnderAlarm = /^Active Alarm\(s\): /;

/**
 * `endpoint health` of every client URL in `members`, those that refuse a connection added by `observe-etcd.sh`: reached is who
 * answers at one of them. A URL of nobody in `members` makes no sense.
 */
export function parseReach(text: string, members: EtcdMember[]): ({ memberId: string } & Health)[] {
  const endpoints = listOf(parseLossless(text), 'endpoint health').map((written) => {
    const { endpoint, health, took, error } = fieldsOf(written, 'endpoint health');
    const url = textIn(endpoint);
    if (hostOf(url) === '' || typeof health !== 'boolean') throw new Error('endpoint health: no endpoint');
    if (!members.some(({ clientUrls }) => clientUrls.includes(url)))
      throw new Error('endpoint health: the members changed meanwhile');
    const why = textIn(error);
    const detail = health ? `took ${redact(textIn(took), 30)}` : redact(why || 'no answer', 200);
    return { url, healthy: health || answeredUnderAlarm.test(why), detail };
  });
  return members.flatMap(({ id, clientUrls }) => {
    const own = endpoints.filter(({ url }) => clientUrls.includes(url));
    const said = own.find(({ healthy }) => healthy) ?? own[0];
    return said ? [{ memberId: id, healthy: said.healthy, detail: said.detail }] : [];
  });
}

/** `endpoint hashkv --rev` of one endpoint; 3.5 does not repeat the revision that it was asked for. */
export function parseHash(text: string, revision: number): DataHash {
  const [only, ...more] = listOf(parseLossless(text), 'endpoint hashkv');
  const answer = fieldsOf(fieldsOf(only, 'endpoint hashkv')['HashKV'], 'HashKV');
  if (more.length > 0) throw new Error('endpoint hashkv: more than one endpoint answered');
  const hash = textIn(answer['hash']);
  if (!/^\d{1,20}$/.test(hash)) throw new Error('endpoint hashkv: no hash');
  const at = answer['hash_revision'];
  if (at !== undefined && count(at, 'hash_revision') !== revision)
    throw new Error('endpoint hashkv: of another revision');
  return {
    memberId: selfIn(answer).memberId,
    revision,
    compactRevision: compacted(answer['compact_revision']),
    hash,
  };
}

/** Who answered: every answer of etcd has it. */
function selfIn(answer: Fields): Self {
  const header = fieldsOf(answer['header'], 'header');
  return {
    clusterId: idOf(header['cluster_id'], 'cluster_id'),
    memberId: idOf(header['member_id'], 'member_id'),
  };
}

function idOf(written: Lossless | undefined, what: string): string {
  const id = memberId(textIn(written), 'decimal');
  if (id === undefined) throw new Error(`${what}: expected an id, got '${redact(textIn(written), 40)}'`);
  return id;
}

/** `-1`: nothing has been compacted yet. */
function compacted(written: Lossless | undefined): number {
  return textIn(written) === '-1' ? -1 : count(written, 'compact_revision');
}

function count(written: Lossless | undefined, what: string): number {
  if (written === undefined) return 0;
  const text = textIn(written);
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new Error(`${what}: expected a number, got '${redact(text, 40)}'`);
  return value;
}

function fieldsOf(value: Lossless | undefined, what: string): Fields {
  const fields = fieldsIn(value);
  if (!fields) throw new Error(`${what}: not there`);
  return fields;
}

function listOf(value: Lossless | undefined, what: string): Lossless[] {
  const list = listIn(value);
  if (!list) throw new Error(`${what}: no list`);
  return list;
}
