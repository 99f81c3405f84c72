import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { removeMember, updateMember } from '../../../activities/act/etcd/change-member.ts';
import { quarantineEtcd, restoreEtcd } from '../../../activities/act/etcd/quarantine.ts';
import type { NodeLane } from '../../../activities/connections/node-lane.ts';
import { failure, isFailure } from '../../../activities/failure.ts';
import type { ActivityErrorType } from '../../../activities/contract.ts';
import { fakeMasters, memberIds, peerOf, pins, runId, type FakeMasters } from '../support/fake-masters.ts';

const { signal } = new AbortController();
const concurrency = 3;
const broken = memberIds['master-2'] ?? '';
const another = 'b0b0b0b0b0b0b0b0';

function removals(masters: FakeMasters): string[] {
  return masters
    .of('master-0')
    .calls()
    .filter((call) => / member remove /.test(call) && call.startsWith('exec'));
}

function fails(type: ActivityErrorType, words?: RegExp) {
  return (error: unknown) => {
    assert.ok(isFailure(error, type), String(error));
    if (words) assert.match((error as Error).message, words);
    return true;
  };
}

/** The script runs, and what it says never arrives. */
function losingReplies(lane: NodeLane): NodeLane {
  return {
    ...lane,
    async run(call) {
      const said = await lane.run(call);
      if (call.script === 'change-member.sh') throw failure('NodeUnreachable', 'connection lost');
      return said;
    },
  };
}

const ids = (masters: FakeMasters) => masters.members().map((line) => line.split(' ')[0]);

describe('removing a member', { concurrency }, () => {
  it('takes exactly the pinned one, by its id, and is sure when every survivor lists it no more', async (t) => {
    const masters = fakeMasters(t);
    const { changed } = await removeMember(masters.lane, pins(), signal);
    assert.equal(changed, true);
    assert.deepEqual(ids(masters), [memberIds['master-0'], memberIds['master-1']]);
    assert.match(removals(masters).join(), new RegExp(`member remove ${broken}$`));
  });

  it('a second time is "already so", and asks etcd for nothing', async (t) => {
    const masters = fakeMasters(t);
    await removeMember(masters.lane, pins(), signal);
    assert.equal((await removeMember(masters.lane, pins(), signal)).changed, false);
    assert.equal(removals(masters).length, 1);
  });

  it('never takes the healthy successor of the same name', async (t) => {
    const masters = fakeMasters(t);
    const [one = '', two = ''] = masters.members();
    masters.setMembers([one, two, `${another} master-2 ${peerOf('master-2')}`]);
    assert.equal((await removeMember(masters.lane, pins(), signal)).changed, false);
    assert.deepEqual(ids(masters)[2], another);
    assert.deepEqual(removals(masters), []);
  });

  it('does nothing to a member of that id at another peer URL', async (t) => {
    const masters = fakeMasters(t);
    const [one = '', two = ''] = masters.members();
    masters.setMembers([one, two, `${broken} master-2 https://10.0.0.99:2380`]);
    await assert.rejects(
      removeMember(masters.lane, pins(), signal),
      fails('PreconditionFailed', /10\.0\.0\.99/),
    );
    assert.deepEqual(removals(masters), []);
  });

  it('does nothing where another cluster, or another member, answers', async (t) => {
    const masters = fakeMasters(t);
    const foreign = pins({ clusterId: 'abc' });
    await assert.rejects(removeMember(masters.lane, foreign, signal), fails('PreconditionFailed', /cluster/));
    const [executor] = pins().survivors;
    assert.ok(executor);
    const moved = pins({ executor: { ...executor, memberId: another } });
    await assert.rejects(
      removeMember(masters.lane, moved, signal),
      fails('PreconditionFailed', /member here/),
    );
    assert.deepEqual(removals(masters), []);
  });

  it('is not deceived by a member whose name looks like a line of the list', async (t) => {
    const masters = fakeMasters(t);
    const [one = '', , three = ''] = masters.members();
    const hostile = `${memberIds['master-1']} master-1","ID":${BigInt(`0x${broken}`)} ${peerOf('master-1')}`;
    masters.setMembers([one, hostile, three]);
    await removeMember(masters.lane, pins(), signal);
    assert.deepEqual(ids(masters), [memberIds['master-0'], memberIds['master-1']]);
  });

  it('with its reply lost on the way is found to be done, and not done again', async (t) => {
    const masters = fakeMasters(t);
    const { changed } = await removeMember(losingReplies(masters.lane), pins(), signal);
    assert.equal(changed, true);
    assert.equal(removals(masters).length, 1);
  });

  it('with the reply of etcd lost is found to be done', async (t) => {
    const masters = fakeMasters(t);
    masters.tell('loses-reply');
    assert.equal((await removeMember(masters.lane, pins(), signal)).changed, true);
  });

  it('that etcd refuses leaves the member listed, and is an error to be tried again', async (t) => {
    const masters = fakeMasters(t);
    masters.tell('refuses', 'Error: etcdserver: re-configuration failed due to not enough started members');
    await assert.rejects(
      removeMember(masters.lane, pins(), signal),
      fails('OutcomeUnknown', /not enough started/),
    );
    assert.equal(masters.members().length, 3);
  });

  it('is unclear while one survivor lists it still, and is said so', async (t) => {
    const masters = fakeMasters(t);
    const before = masters.members();
    masters.of('master-1').write(
      'fake/stale',
      before
        .map((line) => line.replace(/^[0-9a-f]+/, (id) => String(BigInt(`0x${id}`))))
        .join('\n')
        .concat('\n'),
    );
    await assert.rejects(
      removeMember(masters.lane, pins(), signal),
      fails('MembershipUnclear', /master-1 lists it at/),
    );
  });

  it('is unclear while one survivor does not answer', async (t) => {
    const masters = fakeMasters(t);
    masters.of('master-1').write('fake/member-silent', '');
    await assert.rejects(
      removeMember(masters.lane, pins(), signal),
      fails('MembershipUnclear', /master-1 does not answer/),
    );
  });

  it('does nothing through the member itself', async (t) => {
    const masters = fakeMasters(t);
    const { target } = pins();
    const itself = pins({
      executor: { node: 'master-2', memberId: broken, peerUrls: target.member?.peerUrls ?? [] },
    });
    await assert.rejects(removeMember(masters.lane, itself, signal), fails('PreconditionFailed', /itself/));
    assert.equal(masters.members().length, 3);
  });
});

describe('telling a member its new address', { concurrency }, () => {
  const to = ['https://10.0.0.22:2380'];
  const inPlace = () => {
    const { target } = pins();
    return pins({ strategy: 'in-place', target: { ...target, newPeerUrl: to[0] ?? '' } });
  };

  it('changes the peer URL of the pinned one, once, and can be taken back', async (t: TestContext) => {
    const masters = fakeMasters(t);
    assert.equal((await updateMember(masters.lane, inPlace(), to, signal)).changed, true);
    assert.match(masters.members()[2] ?? '', /10\.0\.0\.22/);
    assert.equal((await updateMember(masters.lane, inPlace(), to, signal)).changed, false);
    assert.equal((await updateMember(masters.lane, inPlace(), [peerOf('master-2')], signal)).changed, true);
    assert.match(masters.members()[2] ?? '', /10\.0\.0\.12/);
  });

  it('comes too late where it was taken back, also before it had been done', async (t) => {
    const masters = fakeMasters(t);
    const back = await updateMember(masters.lane, inPlace(), [peerOf('master-2')], signal);
    assert.equal(back.changed, false);
    // An attempt that was cut off from its worker, and had waited on the node.
    await assert.rejects(
      updateMember(masters.lane, inPlace(), to, signal),
      fails('PreconditionFailed', /aborted on this node/),
    );
    assert.match(masters.members()[2] ?? '', /10\.0\.0\.12/);
    assert.equal(
      (await updateMember(masters.lane, inPlace(), [peerOf('master-2')], signal)).changed,
      false,
      'taking it back again is no harm',
    );
  });

  it('gives it no other URL than the plan’s', async (t) => {
    const masters = fakeMasters(t);
    const elsewhere = ['https://10.6.6.6:2380'];
    await assert.rejects(
      updateMember(masters.lane, inPlace(), elsewhere, signal),
      fails('PreconditionFailed'),
    );
    assert.match(masters.members()[2] ?? '', /10\.0\.0\.12/);
  });

  it('does nothing to one that has been removed', async (t) => {
    const masters = fakeMasters(t);
    masters.setMembers(masters.members().slice(0, 2));
    await assert.rejects(updateMember(masters.lane, inPlace(), to, signal), fails('PreconditionFailed'));
  });
});

describe('data of a removed member', () => {
  it('is not put back, and not while it is unclear whether it was', async (t) => {
    const masters = fakeMasters(t);
    const all = masters.members();
    masters.of('master-1').write('fake/member-silent', '');
    await assert.rejects(restoreEtcd(masters.lane, pins(), signal), fails('MembershipUnclear'));
    const removed = fakeMasters(t);
    removed.setMembers(all.slice(0, 2));
    await assert.rejects(restoreEtcd(removed.lane, pins(), signal), fails('MemberRemoved'));
    assert.equal(removed.of('master-2').calls().length, 0);
  });

  it('stays in quarantine, and the manifest that was out with it goes back, for the operator’s next member', async (t) => {
    const masters = fakeMasters(t);
    const on = masters.of('master-2');
    const manifest = 'etc/kubernetes/manifests/etcd-pod.yaml';
    const before = on.read(manifest);
    await quarantineEtcd(masters.lane, pins(), signal);
    // As a script leaves it that was killed while the manifest was out.
    rmSync(join(on.root, manifest));
    masters.setMembers(masters.members().slice(0, 2));
    await assert.rejects(
      restoreEtcd(masters.lane, pins(), signal),
      fails('MemberRemoved', /no data is put back; its manifest is in place/),
    );
    assert.equal(on.read(manifest), before);
    assert.equal(on.has('var/lib/etcd/member'), false);
    assert.equal(on.has(`var/lib/etcd/quarantine-${runId}/member/snap/db`), true);
  });
});
