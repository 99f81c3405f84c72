import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readAnswers } from '../../../../activities/observe/etcd/answers.ts';
import {
  parseAlarms,
  parseHash,
  parseMembers,
  parseReach,
  parseStatus,
} from '../../../../activities/observe/etcd/parse-etcdctl.ts';
import { parseView } from '../../../../activities/observe/etcd/parse-view.ts';
import { isMemberId } from '../../../../domain/etcd/member-id.ts';
import { alarms, memberWords, members, reach, status } from '../../support/etcd-words.ts';

/** `endpoint health` in which every endpoint is called unhealthy for this reason. */
function allSay(error: string): string {
  return reach.replaceAll('"health":true', `"health":false,"error":${JSON.stringify(error)}`);
}

describe('what etcdctl prints', () => {
  it('keeps every digit of two ids that are one number to JavaScript', () => {
    const text = members.replace('"ID":8452567673654210949', '"ID":8761453617033895869');
    const ids = parseMembers(text).members.map(({ id }) => id);
    assert.deepEqual(ids.slice(1), [8761453617033895869n.toString(16), 8761453617033895868n.toString(16)]);
    assert.equal(Number('8761453617033895869'), Number('8761453617033895868'));
    assert.ok(ids.every(isMemberId));
  });

  it('of 3.5 has no quota and no error, and of 3.6 says both', () => {
    const old = parseStatus(status).status;
    assert.equal(old.dbQuotaBytes, undefined);
    assert.deepEqual(old.errors, []);
    assert.equal(old.leader, 4989362199670072499n.toString(16));
    const more =
      '"dbSizeInUse":3026944,"storageVersion":"3.6.0","dbSizeQuota":8589934592,"errors":["etcdserver: no leader"]';
    const young = parseStatus(status.replace('"dbSizeInUse":3026944', more)).status;
    assert.equal(young.dbQuotaBytes, 8_589_934_592);
    assert.deepEqual(young.errors, ['etcdserver: no leader']);
  });

  it('without a leader leaves it out, and that is 0', () => {
    assert.equal(parseStatus(status.replace('"leader":4989362199670072499,', '')).status.leader, '0');
  });

  it('tells a learner, and a member that has not started', () => {
    const joined = '{"ID":77,"peerURLs":["https://10.79.0.23:2380"],"isLearner":true}';
    const [, , , learner] = parseMembers(members.replace(/\]\}$/, `,${joined}]}`)).members;
    assert.deepEqual(learner, {
      id: '4d',
      name: '',
      peerUrls: ['https://10.79.0.23:2380'],
      clientUrls: [],
      learner: true,
    });
  });

  it('calls an alarm that it does not know by no other’s name', () => {
    const raised = alarms.replace(
      '}}',
      '},"alarms":[{"memberID":5,"alarm":1},{"memberID":5,"alarm":2},{"memberID":5,"alarm":7}]}',
    );
    assert.deepEqual(
      parseAlarms(raised).map(({ type }) => type),
      ['NOSPACE', 'CORRUPT', 'OTHER'],
    );
    assert.deepEqual(parseAlarms(alarms), []);
  });

  it('about health is told by the member, not by the URL', () => {
    const list = parseMembers(members).members;
    const dead = reach.replace(
      '"health":true,"took":"17.806476ms"',
      '"health":false,"took":"4s","error":"context deadline exceeded"',
    );
    assert.deepEqual(
      parseReach(dead, list).map(({ healthy, detail }) => [healthy, detail]),
      [
        [true, 'took 26.615732ms'],
        [true, 'took 15.990654ms'],
        [false, 'context deadline exceeded'],
      ],
    );
    assert.throws(() => parseReach(dead, list.slice(0, 2)), /changed meanwhile/);
  });

  it('calls nobody dead for an alarm: whoever says that one is raised has answered', () => {
    const list = parseMembers(members).members;
    const under = parseReach(allSay('Active Alarm(s): NOSPACE '), list);
    assert.deepEqual(
      under.map(({ healthy, detail }) => [healthy, detail.trim()]),
      list.map(() => [true, 'Active Alarm(s): NOSPACE']),
    );
    for (const other of ['Unable to fetch the alarm list', 'no: Active Alarm(s): NOSPACE']) {
      assert.ok(
        parseReach(allSay(other), list).every(({ healthy }) => !healthy),
        other,
      );
    }
  });

  it('reaches a member of two addresses that answers at one of them', () => {
    const [first, ...rest] = parseMembers(members).members;
    assert.ok(first);
    const both = { ...first, clientUrls: [...first.clientUrls, 'https://[fd00::11]:2379'] };
    const text = reach.replace(
      /\]$/,
      ',{"endpoint":"https://[fd00::11]:2379","health":false,"error":"refused"}]',
    );
    assert.equal(parseReach(text, [both, ...rest])[0]?.healthy, true);
  });

  it('has a hash of the revision that was asked for, or none', () => {
    const text =
      '[{"Endpoint":"https://localhost:2379","HashKV":{"header":{"cluster_id":9,"member_id":8452567673654210949,"revision":1067,"raft_term":4},"hash":3202383843,"compact_revision":-1}}]';
    assert.deepEqual(parseHash(text, 1000), {
      memberId: 8452567673654210949n.toString(16),
      revision: 1000,
      compactRevision: -1,
      hash: '3202383843',
    });
    const newer = text.replace('"compact_revision":-1', '"compact_revision":4,"hash_revision":1067');
    assert.throws(() => parseHash(newer, 1000), /another revision/);
    assert.equal(parseHash(newer, 1067).compactRevision, 4);
  });

  for (const [what, text] of Object.entries({
    nothing: '',
    'half of it': members.slice(0, 80),
    'a page of something else': '<html>',
    'a list of nobody': '{"header":{"cluster_id":1,"member_id":2},"members":[]}',
    'one member twice': members.replaceAll('8761453617033895868', '8452567673654210949'),
    'an id of 65 bits': members.replace('8452567673654210949', '18446744073709551616'),
    'an id with a fraction': members.replace('8452567673654210949', '84525.5'),
    'a negative id': members.replace('8452567673654210949', '-8452567673654210949'),
    'nobody who answers': members.replace('"member_id":8452567673654210949,', ''),
    null: 'null',
  })) {
    it(`is not believed when it is ${what}`, () => {
      assert.throws(() => parseMembers(text));
    });
  }
});

describe('the answers of one look', () => {
  it('end where they end, whatever a member calls itself', () => {
    const name = '\\n@@end members 0 \\n@@ask read';
    const text = memberWords({ members: members.replace('"master-2"', `"${name}"`) });
    const answers = readAnswers(text);
    assert.deepEqual([...answers.keys()], ['status', 'read', 'members', 'alarms', 'reach']);
    assert.match(parseMembers(answers.get('members')?.said ?? '').members[2]?.name ?? '', /^\(altered\)/);
  });

  it('are none when they were cut off', () => {
    const text = memberWords();
    assert.deepEqual(
      [...readAnswers(text.slice(0, text.indexOf('@@end members'))).keys()],
      ['status', 'read'],
    );
  });
});

const running = 'etcd\tCONTAINER_RUNNING\t9f0a\netcdctl\tCONTAINER_RUNNING\t77';

function viewOf(change: Record<string, string> = {}) {
  return parseView(
    { containers: running, member: memberWords(), memberError: '', ...change },
    'etcdctl on master-1',
  );
}

describe('one member’s view', () => {
  it('is whole when all was answered', () => {
    const view = viewOf();
    for (const reading of Object.values(view)) assert.equal(reading.known, true);
    assert.equal(view.self.known && view.self.value.memberId, 8452567673654210949n.toString(16));
  });

  it('of a dead container is a read that fails and nothing else', () => {
    const view = viewOf({
      containers: running.replace('etcd\tCONTAINER_RUNNING', 'etcd\tCONTAINER_EXITED'),
      member: '',
    });
    assert.deepEqual(view.read.known && view.read.value.healthy, false);
    assert.equal(view.members.known, false);
  });

  it('of a node whose container runtime does not answer is unknown, the read too', () => {
    const view = viewOf({ containers: '', runtimeError: 'connection refused' });
    for (const reading of Object.values(view))
      assert.match(reading.known ? '' : reading.why, /crictl: connection refused/);
  });

  it('of a member without quorum is a read that fails, and no list', () => {
    const lonely = viewOf({
      member: memberWords({ read: undefined }, { read: 'Error: context deadline exceeded' }),
    });
    assert.equal(lonely.status.known, true);
    assert.deepEqual(lonely.read.known && lonely.read.value, {
      healthy: false,
      detail: 'Error: context deadline exceeded',
    });
    assert.equal(lonely.members.known, false);
    assert.equal(lonely.reach.known, false);
  });

  it('whose status alone took too long is still known to be the member that it is', () => {
    const late = viewOf({
      member: memberWords({ status: undefined }, { status: 'context deadline exceeded' }),
    });
    assert.equal(late.status.known, false);
    assert.equal(late.self.known && late.self.value.memberId, 8452567673654210949n.toString(16));
    assert.equal(late.reach.known, true);
  });

  it('does not blame the member for a key of ours that does not fit', () => {
    const why = 'Error: tls: private key does not match public key';
    const view = viewOf({ member: memberWords({ read: undefined }, { read: why }) });
    assert.equal(view.read.known, false);
    assert.match(view.read.known ? '' : view.read.why, /private key/);
  });

  it('is believed only from one member: a list of another’s is nobody’s', () => {
    const other = members.replace('"member_id":8452567673654210949', '"member_id":8761453617033895868');
    const view = viewOf({ member: memberWords({ members: other }) });
    assert.equal(view.members.known, false);
    assert.match(view.members.known ? '' : view.members.why, /for the members/);
    assert.equal(view.reach.known, false);
  });

  it('says what it reaches although etcdctl ends with an error', () => {
    const dead = reach.replace('"health":true,"took":"17.806476ms"', '"health":false,"error":"no"');
    const view = viewOf({ member: memberWords({ reach: dead }, { reach: 'Error: unhealthy cluster' }) });
    assert.equal(view.reach.known && view.reach.value.filter(({ healthy }) => healthy).length, 2);
  });

  it('without an answer of the container is unknown, with the reason', () => {
    const view = viewOf({ member: '', memberError: 'exec failed: no such container' });
    for (const reading of Object.values(view))
      assert.match(reading.known ? '' : reading.why, /no such container/);
  });
});
