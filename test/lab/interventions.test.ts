import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { faultNamed, fileRivalCsr } from '../../lab/faults/index.ts';
import { silentProgress } from '../../lab/host/progress.ts';
import { abortUpdate, resolveStepUpdate } from '../../workflows/messages.ts';
import { refusalOf, untilState } from '../temporal/support/recoveries.ts';
import { writesByCpr } from './support/audit.ts';
import { requireHealthy, whileBroken } from './support/broken.ts';
import { faultsOf, rememberHealthy } from './support/node-proof.ts';
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

test('aborted before the restart: the bootstrap file from before is back, and the kubelet was left alone', () =>
  whileBroken(stage.lab, 'kubelet-anonymous', node, async () => {
    const { lab } = stage;
    const filesBefore = await credentials();
    shim.holdAt({ script: 'install-bootstrap', when: 'ended' });
    const recovery = await stage.recover();
    const approvedAt = await approve(recovery);
    await reached(shim, recovery);
    assert.notEqual(await credentials(), filesBefore, 'the new bootstrap file was there');
    await recovery.executeUpdate(abortUpdate, { args: [{ by: 'grace', reason: 'wrong node' }] });
    shim.release();

    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'aborted', outcome.sentence);
    assert.equal(await credentials(), filesBefore);
    assert.deepEqual(await kubeletStarts(lab, node, approvedAt), []);
    const writes = await writesByCpr(lab, new Date(approvedAt * 1000).toISOString());
    assert.deepEqual(writes, ['create serviceaccounts/token: 201'], 'no request was approved');
  }));

test('after the restart an abort is refused; a rival request blocks the step, and a retry heals', async () => {
  const { lab } = stage;
  await requireHealthy(lab);
  const healthy = await rememberHealthy(lab, node);
  await whileBroken(lab, 'kubelet-anonymous', node, async () => {
    shim.holdAt({ script: 'restart-kubelet', when: 'ended' });
    const recovery = await stage.recover();
    const approvedAt = await approve(recovery);
    await reached(shim, recovery);
    const abort = recovery.executeUpdate(abortUpdate, { args: [{ by: 'ada', reason: 'too late' }] });
    assert.equal((await refusalOf(abort)).type, 'PastPointOfNoReturn', 'the way out is forward');
    const rival = await fileRivalCsr(lab, node);
    shim.release();

    try {
      const { blocked } = await untilState(recovery, (state) => state.blocked !== undefined);
      assert.equal(blocked?.errorType, 'TwoMatchingCsrs', blocked?.error);
      assert.match(blocked?.error ?? '', new RegExp(rival.name));
      assert.deepEqual(blocked?.choices, ['retry'], 'after the restart there is no way back');
      const since = new Date(approvedAt * 1000).toISOString();
      assert.deepEqual(await writesByCpr(lab, since), ['create serviceaccounts/token: 201']);

      const retry = {
        stepId: blocked?.stepId ?? '',
        action: 'retry',
        by: 'grace',
        reason: 'rival known',
      } as const;
      await recovery.executeUpdate(resolveStepUpdate, { args: [retry] });
      const { outcome } = await ended(recovery);
      assert.equal(outcome.status, 'healed', outcome.sentence);
      assert.equal((await kubeletStarts(lab, node, approvedAt)).length, 2);
      assert.deepEqual(await faultsOf(lab, node, healthy, approvedAt), []);
      assert.equal(await stateOf(rival.name), '', 'the rival request was never approved');
    } finally {
      await faultNamed('rival-csr').healByForce(lab, node, { progress: silentProgress() });
    }
  });
});

test('an ssh that hangs is cut, and the node counts as not looked at', async () => {
  shim.holdAt({ script: 'observe-kubelet', when: 'begun', address: stage.lab.address(node) });
  const recovery = await stage.recover();
  const { outcome } = await ended(recovery);
  shim.release();
  assert.equal(outcome.status, 'refused', outcome.sentence);
  assert.ok(
    ['EvidenceIncomplete', 'NodeUnreachable', 'OtherMasterUnknown'].includes(outcome.reason ?? ''),
    `${outcome.reason}: ${outcome.sentence}`,
  );
  assert.deepEqual(await notes(stage.lab, node, Date.now() / 1000 - 5), []);
});

/** Hashes of what a recovery replaces. */
async function credentials(): Promise<string> {
  const script = 'sha256sum /etc/kubernetes/kubeconfig /var/lib/kubelet/kubeconfig; ls /var/lib/kubelet/pki';
  return (await stage.lab.sh(node, ['sh', '-c', script])).stdout;
}

async function stateOf(csr: string): Promise<string> {
  return stage.lab.kubectl(['get', 'csr', csr, '-o', 'jsonpath={.status.conditions[*].type}']);
}
