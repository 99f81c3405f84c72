import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitUntil } from '../../lab/cluster/wait.ts';
import { faultNamed } from '../../lab/faults/index.ts';
import { silentProgress } from '../../lab/host/progress.ts';
import { requireHealthy } from '../lab/support/broken.ts';
import { etcdLeader } from '../lab/support/etcd-leader.ts';
import { healthCheckWorkflow } from '../lab/support/health-check.ts';
import { faultsOf, lastMirrorPodAt, rememberHealthy } from '../lab/support/node-proof.ts';
import { ended } from '../lab/support/stage.ts';
import { startWriter } from '../lab/support/writer.ts';
import { approveAll, ownStage } from './support/kubelet-lab.ts';

const node = 'master-1';
const options = { progress: silentProgress() };
const stage = await ownStage();
const { lab } = stage;
await stage.startWorker();

/** In the order in which the incident had them; the flaky endpoint last, since it would trouble our own breaking. */
const told = ['kubelet-anonymous', 'installer-pod-pending', 'metal3-stuck', 'endpoint-flaky'];

test('the incident as it was told: one diagnosis names cause and consequences, one approval heals it all', async (t) => {
  await requireHealthy(lab);
  const healthy = await rememberHealthy(lab, node);
  const leader = await etcdLeader(lab);
  const writer = await startWriter(lab);
  t.after(() => writer.stop());
  try {
    for (const name of told) await faultNamed(name).break(lab, node, options);

    const began = Date.now();
    const { findings } = await healthCheckWorkflow(stage);
    t.diagnostic(`diagnosis: ${((Date.now() - began) / 1000).toFixed(1)} s`);
    const proposed = findings.filter(({ remedy }) => remedy !== undefined && 'runbook' in remedy);
    const [finding] = proposed;
    await t.test(
      'one finding is the cause, with the runbook that mends it; only the endpoint stands beside it',
      () => {
        assert.equal(finding?.code, 'KubeletClientCredentialLost');
        const beside = findings.filter((other) => other !== finding).map(({ code }) => code);
        assert.ok(
          beside.every((code) => code === 'ApiEndpointDown'),
          beside.join(),
        );
        assert.deepEqual(finding?.remedy, { runbook: 'KubeletAuthRecovery', target: node });
        assert.match(JSON.stringify(finding), /class C5/);
      },
    );
    await t.test('and what follows from it is told as that: mirror pods, installer pod, metal3', () => {
      const all = JSON.stringify(findings);
      for (const text of [/mirror pod/i, /installer-7-master-1/, /metal3/]) assert.match(all, text);
      assert.equal(proposed.length, 1, 'one runbook is proposed');
    });

    const recovery = await stage.recover();
    const { at } = await approveAll(recovery);
    const { outcome, report } = await ended(recovery);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    await faultNamed('endpoint-flaky').healByForce(lab, node, options);
    t.diagnostic(`approval to healed and proved: ${(Date.now() / 1000 - at).toFixed(1)} s`);
    t.diagnostic(
      `approval to the last mirror pod: ${((await lastMirrorPodAt(lab, node)) - at).toFixed(1)} s`,
    );

    await t.test('the node itself shows that it is healed', async () =>
      assert.deepEqual(await faultsOf(lab, node, healthy, at), []),
    );
    await t.test('the installer pod has run, and metal3 is available again', async () => {
      await waitUntil('the operators see it too', () => operatorsAreWell(), { withinMs: 60_000 });
    });
    await t.test('the report is the incident record: cause, evidence, approval, steps, end', () => {
      const texts = [
        node,
        'C5',
        'system:anonymous',
        'Unauthorized',
        'installer-7-master-1',
        'metal3',
        'grace',
        'as planned',
        'healed',
      ];
      for (const text of texts) assert.ok(report.includes(text), `the report says ${text}`);
    });
  } finally {
    for (const name of told.toReversed()) await faultNamed(name).healByForce(lab, node, options);
  }
  const { acknowledged, failed, lost } = await writer.finish();
  t.diagnostic(`the writer: ${acknowledged} writes acknowledged`);
  assert.deepEqual({ failed, lost }, { failed: [], lost: [] });
  assert.equal(await etcdLeader(lab), leader, 'etcd has the same leader');
});

async function operatorsAreWell(): Promise<true | string> {
  const installer =
    'get pod installer-7-master-1 -n openshift-kube-controller-manager -o jsonpath={.status.phase}';
  const phase = await lab.kubectl(installer.split(' '));
  if (phase !== 'Succeeded') return `the installer pod is ${phase}`;
  const metal3 = 'get deployment metal3 -n openshift-machine-api -o jsonpath={.status.availableReplicas}';
  return (await lab.kubectl(metal3.split(' '))) === '1' || 'metal3 is not available';
}
