import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitUntil } from '../../lab/cluster/wait.ts';
import { faultNamed } from '../../lab/faults/index.ts';
import { silentProgress } from '../../lab/host/progress.ts';
import { writesByCpr } from '../lab/support/audit.ts';
import { requireHealthy, whileBroken } from '../lab/support/broken.ts';
import { faultsOf, rememberHealthy, requestsLeft } from '../lab/support/node-proof.ts';
import { ended } from '../lab/support/stage.ts';
import { untilGate } from '../temporal/support/recoveries.ts';
import { approveAll, ownStage } from './support/kubelet-lab.ts';

const node = 'master-1';
const options = { progress: silentProgress() };
const stage = await ownStage();
const { lab } = stage;
await stage.startWorker();

test('while nobody can sign, two people give the kubelet the admin kubeconfig of its node; its own identity follows once somebody can sign', async (t) => {
  await requireHealthy(lab);
  const healthy = await rememberHealthy(lab, node);
  const names = ['signer-stopped', 'bootstrap-rejected', 'kubelet-certificate-missing'];
  try {
    for (const name of names) await faultNamed(name).break(lab, node, options);
    await t.test('nothing is begun that nobody can sign, and nothing is written', async () => {
      const since = new Date().toISOString();
      const unasked = await ended(await stage.recover());
      assert.equal(unasked.outcome.reason, 'SignerDown', unasked.outcome.sentence);
      assert.deepEqual(await writesByCpr(lab, since), []);
    });
    const recovery = await stage.recover({ breakGlass: true });
    const { gate, plan } = await untilGate(recovery);
    await t.test('the plan says what it means, and one vote is not enough', () => {
      assert.ok(plan?.runbook === 'KubeletAuthRecovery');
      assert.equal(plan.pins.rung, 'R4b', plan.because);
      assert.deepEqual([gate?.risk, gate?.votesNeeded], ['break-glass', 2]);
      assert.match(JSON.stringify(plan), /system:masters/);
    });
    const { at, voters } = await approveAll(recovery);
    assert.equal(voters.length, 2);
    const { outcome } = await ended(recovery);
    t.diagnostic(`approval to Ready on borrowed identity: ${(Date.now() / 1000 - at).toFixed(1)} s`);
    await t.test('the run says that a debt is left, not that all is well', () => {
      assert.deepEqual(
        [outcome.status, outcome.owed?.keptBy],
        ['owed', `workflow follow-up/${lab.name}/${node}`],
      );
    });

    await t.test('somebody watches over the debt', async () => {
      const open = stage.temporal.client.workflow.list({
        query: "WorkflowType = 'KubeletFollowUp' AND ExecutionStatus = 'Running'",
      });
      const found = async (): Promise<true | string> => {
        for await (const _ of open) return true;
        return 'no follow-up runs';
      };
      await waitUntil('a follow-up', found, { withinMs: 30_000 });
    });

    await faultNamed('signer-stopped').healByForce(lab, node, options);
    // The follow-up would open the same recovery within minutes; a person need not wait for it.
    const second = await stage.recover();
    const { plan: graduation, at: again } = await approveAll(second);
    t.diagnostic(`the debt is paid by rung ${graduation.pins.rung}`);
    const { outcome: end } = await ended(second);
    assert.equal(end.status, 'healed', end.sentence);
    t.diagnostic(`second approval to the node's own identity: ${(Date.now() / 1000 - again).toFixed(1)} s`);
    assert.deepEqual(await faultsOf(lab, node, healthy, 0), []);
  } finally {
    for (const name of names.toReversed()) await faultNamed(name).healByForce(lab, node, options);
  }
});

test('while our own credential may approve nothing, two people lend cluster-admin as its bootstrap file, and the same run takes it back (R4a)', async (t) => {
  await requireHealthy(lab);
  const healthy = await rememberHealthy(lab, node);
  await stage.endRecovery();
  await mayApprove('nobody');
  try {
    await whileBroken(lab, 'kubelet-anonymous', node, async () => {
      const unasked = await ended(await stage.recover());
      assert.equal(unasked.outcome.reason, 'PowersMissing', 'nobody has asked for break-glass');

      const recovery = await stage.recover({ breakGlass: true });
      const { gate } = await untilGate(recovery);
      assert.deepEqual([gate?.risk, gate?.votesNeeded], ['break-glass', 2]);
      const { plan, at } = await approveAll(recovery);
      assert.equal(plan.pins.rung, 'R4a', plan.because);
      assert.match(JSON.stringify(plan), /system:masters/);
      const { outcome } = await ended(recovery);
      assert.equal(outcome.status, 'healed', outcome.sentence);
      t.diagnostic(`approval to healed, graduated and proved: ${(Date.now() / 1000 - at).toFixed(1)} s`);
      assert.deepEqual(await faultsOf(lab, node, healthy, at), []);
      assert.deepEqual(await requestsLeft(lab, node, at), []);
    });
  } finally {
    await mayApprove('cpr');
  }
});

/** Who holds the right to approve the requests of kubelets, in the place of our own identity. */
async function mayApprove(serviceAccount: string): Promise<void> {
  const patch = [{ op: 'replace', path: '/subjects/0/name', value: serviceAccount }];
  const binding = 'control-plane-recovery:approve-kubelet-client';
  await lab.kubectl(['patch', 'clusterrolebinding', binding, '--type=json', '-p', JSON.stringify(patch)]);
}
