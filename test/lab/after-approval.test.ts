import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { faultNamed } from '../../lab/faults/index.ts';
import { silentProgress } from '../../lab/host/progress.ts';
import { abortUpdate } from '../../workflows/messages.ts';
import { untilGate, type Recovery } from '../temporal/support/recoveries.ts';
import { writesByCpr } from './support/audit.ts';
import { whileAlso, whileBroken } from './support/broken.ts';
import { reached } from './support/reached.ts';
import { makeSshShim, type SshShim } from './support/ssh-shim.ts';
import { approve, ended, openStage, type Stage } from './support/stage.ts';
import { kubeletStarts, notes } from './support/times.ts';

const node = 'master-1';
let stage: Stage;
let shim: SshShim;
before(async () => {
  stage = await openStage();
  shim = makeSshShim();
  await stage.startWorker({ path: shim.directory });
});
after(async () => {
  await stage[Symbol.asyncDispose]();
  shim.remove();
});

test('repaired by hand after the approval: the run ends and has done nothing', () =>
  whileBroken(stage.lab, 'kubelet-anonymous', node, async () => {
    const { recovery, since } = await approvedAndHeld();
    await faultNamed('kubelet-anonymous').healByForce(stage.lab, node, { progress: silentProgress() });
    shim.release();
    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'resolved', outcome.sentence);
    await assertNothingDone(since);
  }));

test('another master breaks after the approval: the run refuses and has done nothing', () =>
  whileBroken(stage.lab, 'kubelet-anonymous', node, async () => {
    const { recovery, since } = await approvedAndHeld('master-2');
    await whileAlso(stage.lab, 'etcd-member-stopped', 'master-2', async () => {
      shim.release();
      const { outcome } = await ended(recovery);
      assert.equal(outcome.reason, 'OtherMasterUnhealthy', outcome.sentence);
      assert.match(outcome.evidence.map(({ fact }) => fact).join(), /master-2/);
      assert.equal(outcome.votes.length, 1, 'the report still says who had approved');
    });
    await assertNothingDone(since);
    assert.deepEqual(await kubeletStarts(stage.lab, node, since), []);
  }));

test('a file of the plan changes after the approval: the vote is void, and a new gate says what is different', () =>
  whileBroken(stage.lab, 'kubelet-anonymous', node, async () => {
    const { recovery, since } = await approvedAndHeld();
    const file = '/etc/kubernetes/kubeconfig';
    await stage.lab.sh(node, ['sh', '-c', `echo '# by hand' >>${file}`]);
    shim.release();
    const { gate, timeline } = await untilGate(recovery, 'plan-2');
    assert.deepEqual(gate?.votes, []);
    const said = timeline.map(({ text }) => text).join('\n');
    assert.match(said, /plan-1 is void/);
    assert.match(said, /kubernetes\/kubeconfig|bootstrap file/);
    await recovery.executeUpdate(abortUpdate, { args: [{ by: 'ada', reason: 'seen' }] });
    assert.equal((await ended(recovery)).outcome.status, 'aborted');
    await assertNothingDone(since);
  }));

/** A run that has its vote, and whose look after the vote has not reached this master yet. */
async function approvedAndHeld(where = node): Promise<{ recovery: Recovery; since: number }> {
  const recovery = await stage.recover();
  await untilGate(recovery);
  shim.holdAt({ script: 'any', when: 'before', address: stage.lab.address(where) });
  const since = await approve(recovery);
  await reached(shim, recovery);
  return { recovery, since };
}

async function assertNothingDone(since: number): Promise<void> {
  const { lab } = stage;
  assert.deepEqual(await writesByCpr(lab, new Date(since * 1000).toISOString()), []);
  assert.deepEqual(await notes(lab, node, since), [], 'no act of ours on the node');
}
