import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { healthCheckWorkflow, type HealthCheckResult } from './support/health-check.ts';
import { requireHealthy, whileBroken } from './support/broken.ts';
import { faultsOf, lastMirrorPodAt, rememberHealthy, requestsLeft } from './support/node-proof.ts';
import { approve, ended, openStage, type Stage } from './support/stage.ts';
import { kubeletStarts, nodeNow } from './support/times.ts';
import { startWriter } from './support/writer.ts';

const node = 'master-1';
let stage: Stage;
before(async () => {
  stage = await openStage();
});
after(() => stage[Symbol.asyncDispose]());

test('the incident is named, healed on approval, and etcd never notices', async (t) => {
  const { lab } = stage;
  await stage.startWorker();
  await requireHealthy(lab);
  const healthy = await rememberHealthy(lab, node);
  const writer = await startWriter(lab);
  t.after(() => writer.stop());

  await whileBroken(lab, 'kubelet-anonymous', node, async () => {
    const { findings } = await healthCheckWorkflow(stage);
    await t.test('one finding names node, missing certificate and rejected bootstrap credential', () =>
      assertFinding(findings),
    );

    const recovery = await stage.recover();
    const approvedAt = await approve(recovery);
    const { outcome, report } = await ended(recovery);
    const endedAt = nodeNow();
    assert.equal(outcome.status, 'healed', outcome.sentence);
    const lastPod = (await lastMirrorPodAt(lab, node)) - approvedAt;
    t.diagnostic(`approval to the last mirror pod: ${lastPod.toFixed(1)} s`);
    t.diagnostic(`approval to healed and proved: ${(endedAt - approvedAt).toFixed(1)} s`);

    const starts = await kubeletStarts(lab, node, approvedAt);
    await t.test('the kubelet was restarted once', () => assert.equal(starts.length, 1));
    await t.test('the node itself shows that it is healed', async () =>
      assert.deepEqual(
        [...(await faultsOf(lab, node, healthy, approvedAt)), ...(await requestsLeft(lab, node, approvedAt))],
        [],
      ),
    );
    await t.test('the report tells it', () => {
      for (const text of [node, 'healed', 'grace', 'as planned']) assert.match(report, new RegExp(text));
    });
  });

  const { acknowledged, failed, lost } = await writer.finish();
  t.diagnostic(`the writer: ${acknowledged} writes acknowledged`);
  await t.test('no write to etcd failed, and every acknowledged one is read back', () => {
    assert.deepEqual({ failed, lost }, { failed: [], lost: [] });
    assert.ok(acknowledged > 50, `${acknowledged} writes are enough to have noticed`);
  });
});

test('with the certificate removed once more, the durable bootstrap file alone files a request', async () => {
  const { lab } = stage;
  const { removeCertificateAndRestart, ownRequestSince } = await import('./support/once-more.ts');
  const since = new Date();
  await removeCertificateAndRestart(lab, node);
  const request = await ownRequestSince(lab, node, since);
  assert.equal(
    request.requester,
    'system:serviceaccount:openshift-machine-config-operator:node-bootstrapper',
  );
});

function assertFinding(findings: HealthCheckResult['findings']): void {
  assert.deepEqual(
    findings.map(({ code, severity, node: on }) => ({ code, severity, on })),
    [{ code: 'KubeletClientCredentialLost', severity: 'critical', on: node }],
  );
  const [finding] = findings;
  const text = JSON.stringify(finding);
  assert.match(text, /certificate[^"]*missing|missing[^"]*certificate/i);
  assert.match(text, /bootstrap[^"]*(rejected|Unauthorized)/i);
  assert.deepEqual(finding?.remedy, { runbook: 'KubeletAuthRecovery', target: node });
}
