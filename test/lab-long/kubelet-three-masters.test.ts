import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notReady } from '../../lab/cluster/health.ts';
import { waitUntil } from '../../lab/cluster/wait.ts';
import { faultNamed } from '../../lab/faults/index.ts';
import { silentProgress } from '../../lab/host/progress.ts';
import { requireHealthy } from '../lab/support/broken.ts';
import { etcdLeader } from '../lab/support/etcd-leader.ts';
import { faultsOf, rememberHealthy } from '../lab/support/node-proof.ts';
import { ended } from '../lab/support/stage.ts';
import { startWriter } from '../lab/support/writer.ts';
import { startRecovery } from '../temporal/support/recoveries.ts';
import { approveAll, ownStage } from './support/kubelet-lab.ts';

const options = { progress: silentProgress() };
/** Each run looks at three masters several times; on a busy machine they answer in their own time. */
const PATIENCE_MS = 10 * 60_000;
const stage = await ownStage();
const { lab } = stage;
await stage.startWorker();

test('all three masters expired: one run after another heals them, and no write to etcd ever fails', async (t) => {
  await requireHealthy(lab);
  const healthy = Object.fromEntries(
    await Promise.all(
      lab.masters.map(async (master) => [master, await rememberHealthy(lab, master)] as const),
    ),
  );
  const fault = faultNamed('all-masters-expired');
  const leader = await etcdLeader(lab);
  const writer = await startWriter(lab);
  t.after(() => writer.stop());
  const order: string[] = [];
  const rungs: string[] = [];
  try {
    await fault.break(lab, 'master-0', { ...options, untilNodeUnknown: true });
    const began = Date.now();
    for (const _ of lab.masters) {
      // Nobody names a node: which one is next is the runbook's business.
      const recovery = await startRecovery(stage.temporal, { cluster: lab.name });
      const { plan, at } = await approveAll(recovery);
      order.push(plan.target);
      rungs.push(String(plan.pins.rung));
      const { outcome } = await ended(recovery, PATIENCE_MS);
      assert.equal(outcome.status, 'healed', outcome.sentence);
      const before = healthy[plan.target];
      assert.ok(before);
      assert.deepEqual(await faultsOf(lab, plan.target, before, at), [], plan.target);
    }
    t.diagnostic(
      `order ${order.join(', ')} by ${rungs.join(', ')}: ${((Date.now() - began) / 1000).toFixed(0)} s`,
    );
    assert.deepEqual(
      order.toSorted((a, b) => a.localeCompare(b)),
      [...lab.masters],
    );
    await waitUntil('three Nodes Ready', () => notReady(lab.api, lab.masters), { withinMs: 60_000 });
  } finally {
    await fault.healByForce(lab, 'master-0', options);
  }
  const { acknowledged, failed, lost } = await writer.finish();
  t.diagnostic(`the writer: ${acknowledged} writes acknowledged, ${failed.length} failed`);
  assert.deepEqual({ failed, lost }, { failed: [], lost: [] });
  assert.ok(acknowledged > 200, `${acknowledged} writes are enough to have noticed`);
  assert.equal(await etcdLeader(lab), leader, 'etcd has the same leader');
});
