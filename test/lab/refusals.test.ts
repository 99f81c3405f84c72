import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { RefusalReason } from '../../domain/verdict.ts';
import { fileRivalCsr } from '../../lab/faults/index.ts';
import { requestsByCpr, writesByCpr } from './support/audit.ts';
import { requireHealthy, whileAlso, whileBroken } from './support/broken.ts';
import { fingerprint } from './support/fingerprint.ts';
import { ended, openStage, type Stage } from './support/stage.ts';

const node = 'master-1';
let stage: Stage;
before(async () => {
  stage = await openStage();
  await stage.startWorker();
});
after(() => stage[Symbol.asyncDispose]());

test('a node that is healthy is left alone', async () => {
  await requireHealthy(stage.lab);
  await assertRefused('NodeHealthy');
});

test('a kubelet that does not run is another fault', () =>
  whileBroken(stage.lab, 'kubelet-stopped', node, () => assertRefused('KubeletStopped')));

test('on a node whose kubelet is anonymous', (t) =>
  whileBroken(stage.lab, 'kubelet-anonymous', node, async () => {
    const also = (name: string, fault: string, where: string, reason: RefusalReason) =>
      t.test(name, () => whileAlso(stage.lab, fault, where, () => assertRefused(reason)));

    await also('nothing is done blindly while ssh is closed', 'ssh-closed', node, 'NodeUnreachable');
    await also(
      'nothing is risked while the etcd of another master is down',
      'etcd-member-stopped',
      'master-2',
      'OtherMasterUnhealthy',
    );
    await t.test('nothing is chosen between two requests that match', () =>
      whileAlso(stage.lab, 'rival-csr', node, async () => {
        await fileRivalCsr(stage.lab, node);
        await assertRefused('TwoMatchingCsrs');
      }),
    );
  }));

/** The recovery is refused for this reason; cpr has written nothing to the API and nothing on the node has changed. */
async function assertRefused(reason: RefusalReason): Promise<void> {
  const { lab } = stage;
  const since = new Date().toISOString();
  const filesBefore = await fingerprint(lab, node);
  const recovery = await stage.recover();
  const { outcome, report } = await ended(recovery);
  assert.deepEqual(
    { status: outcome.status, reason: outcome.reason },
    { status: 'refused', reason },
    outcome.sentence,
  );
  assert.ok(outcome.handOver, 'it says what to do instead');
  assert.match(report, new RegExp(reason));
  assert.ok((await requestsByCpr(lab, since)) > 0, 'cpr has looked, so the audit log would show a write');
  assert.deepEqual(await writesByCpr(lab, since), []);
  assert.equal(await fingerprint(lab, node), filesBefore);
}
