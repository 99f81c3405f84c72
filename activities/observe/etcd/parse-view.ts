import type { Health } from '../../../domain/control-plane.ts';
import type { MemberView } from '../../../domain/etcd/observation.ts';
import { known, unknown, type Reading, type Unknown } from '../../../domain/reading.ts';
import { sentenceOf } from '../../failure.ts';
import { redact } from '../../redact.ts';
import { readAnswers, type Answer } from './answers.ts';
import { parseAlarms, parseMembers, parseReach, parseRead, parseStatus, type Self } from './parse-etcdctl.ts';
import type { Values } from './parse-host.ts';

/** What the member on a master says itself, as `observe-etcd.sh` brought it. Pure, and never throws. */
export function parseView(values: Values, source: string): MemberView {
  if (values['runtimeError'] !== undefined) {
    return nothingOf(unknown(redact(`crictl: ${values['runtimeError']}`, 300), source));
  }
  if (!isRunning(values['containers'] ?? '')) {
    const detail = 'its container etcd does not run';
    return { ...nothingOf(unknown(detail, source)), read: known({ healthy: false, detail }, source) };
  }
  const answers = readAnswers(values['member'] ?? '');
  const none = redact(values['memberError'] ?? '', 300);
  const ask = <T>(name: string, parse: (said: string) => T): Reading<T> =>
    readingOf(answers.get(name), parse, { source, none });
  const status = ask('status', parseStatus);
  const members = agreeing(ask('members', parseMembers), status);
  return {
    // Every answer says who gave it: one that took too long must not make a stranger of a member that spoke.
    self: pick<{ self: Self }, Self>(status.known || !members.known ? status : members, ({ self }) => self),
    status: pick(status, (value) => value.status),
    members: pick(members, (value) => value.members),
    read: readHealth(answers.get('read'), { source, none }),
    alarms: ask('alarms', parseAlarms),
    reach: members.known ? reachOf(answers.get('reach'), members.value.members, { source, none }) : members,
  };
}

/** Nothing could be asked of this member, for one reason. */
export function nothingOf(because: Unknown): MemberView {
  return {
    self: because,
    members: because,
    status: because,
    read: because,
    reach: because,
    alarms: because,
  };
}

interface From {
  source: string;
  /** Why a question without an answer has none, as far as that is known. */
  none: string;
}

function readingOf<T>(
  answer: Answer | undefined,
  parse: (said: string) => T,
  { source, none }: From,
): Reading<T> {
  if (!answer) return unknown(none === '' ? 'it was not asked, or the answer was cut off' : none, source);
  if (answer.code !== 0) return unknown(redact(answer.error, 300) || `exit code ${answer.code}`, source);
  return parsed(answer, parse, source);
}

function parsed<T>({ said }: Answer, parse: (text: string) => T, source: string): Reading<T> {
  try {
    return known(parse(said), source);
  } catch (error) {
    return unknown(sentenceOf(error), source);
  }
}

/** Of these the member is innocent: etcdctl could not even begin. */
const ownFaults = /private key does not match|no such file or directory|failed to find any PEM data/;

/** A linearizable read that is refused, or takes too long, is how a member without quorum answers. */
function readHealth(answer: Answer | undefined, from: From): Reading<Health> {
  const { source } = from;
  if (!answer || (answer.code !== 0 && ownFaults.test(answer.error))) {
    return readingOf(answer, () => ({ healthy: false, detail: '' }), from);
  }
  if (answer.code !== 0)
    return known({ healthy: false, detail: redact(answer.error, 200) || `exit code ${answer.code}` }, source);
  return pick(parsed(answer, parseRead, source), () => ({ healthy: true, detail: 'answered' }));
}

/** Its exit code says only that not all of them are healthy. */
function reachOf(
  answer: Answer | undefined,
  members: Parameters<typeof parseReach>[1],
  from: From,
): MemberView['reach'] {
  if (!answer?.said.startsWith('['))
    return readingOf(answer && { ...answer, code: answer.code || 1 }, () => [], from);
  return parsed(answer, (said) => parseReach(said, members), from.source);
}

/** Two questions may not be answered by two members: then nobody knows whose list this is. */
function agreeing<T extends { self: { clusterId: string; memberId: string } }>(
  list: Reading<T>,
  status: Reading<ReturnType<typeof parseStatus>>,
): Reading<T> {
  if (!list.known || !status.known) return list;
  const [mine, its] = [status.value.self, list.value.self];
  if (mine.memberId === its.memberId && mine.clusterId === its.clusterId) return list;
  return unknown(
    `asked for its status ${mine.memberId} answered, for the members ${its.memberId}`,
    list.source,
  );
}

function pick<T, U>(reading: Reading<T>, how: (value: T) => U): Reading<U> {
  return reading.known ? known(how(reading.value), reading.source) : reading;
}

/** Lines of name, state and id, newest first. */
function isRunning(containers: string): boolean {
  return containers.split('\n').some((line) => line.startsWith('etcd\tCONTAINER_RUNNING\t'));
}
