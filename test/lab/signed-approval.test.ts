import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { exitCodes } from '../../client/exit-codes.ts';
import type { KubeletAuthRecovery } from '../../workflows/kubelet-auth-recovery.ts';
import { recoveryWorkflowId, reportQuery } from '../../workflows/messages.ts';
import { keyRing, type KeyRing } from '../support/signing-keys.ts';
import { untilGate, untilState } from '../temporal/support/recoveries.ts';
import { whileBroken } from './support/broken.ts';
import { launchBrowser, type Browser } from './support/browser.ts';
import { cpr } from './support/cpr.ts';
import { ended, openStage, type Stage } from './support/stage.ts';

const node = 'master-1';
const screenshots = process.env['CPR_SCREENSHOTS'] ?? join(import.meta.dirname, '../../out/screenshots');
let keys: KeyRing;
let stage: Stage;
let browser: Browser;
before(async () => {
  mkdirSync(screenshots, { recursive: true });
  keys = keyRing();
  for (const name of ['ada', 'grace', 'mallory']) keys.make(name);
  const line = (name: string) => `${name} namespaces="control-plane-recovery" ${keys.publicKey(name)}\n`;
  const allowedSigners = keys.write('allowed_signers', line('ada') + line('grace'));
  stage = await openStage((cluster) => {
    cluster.approvals = 'signed';
    cluster.approvers = { allowedSigners };
    cluster.policy = { ...cluster.policy, votes: { irreversible: 2 } };
  });
  await stage.startWorker();
  browser = await launchBrowser(stage.temporal.server.uiUrl, screenshots);
});
after(async () => {
  await browser[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
  keys.remove();
});

test('two people approve with their own keys, one on the command line and one in the Web UI; nobody else counts', () =>
  whileBroken(stage.lab, 'kubelet-anonymous', node, async () => {
    const { lab, temporal } = stage;
    const asked = ['recover', lab.name, '--node', node, '--by', 'ada'];
    await cpr(stage, asked, exitCodes.waiting);
    const recovery = temporal.client.workflow.getHandle<typeof KubeletAuthRecovery>(
      recoveryWorkflowId(lab.name),
    );
    const { digest = '' } = await untilGate(recovery);
    const approval = (by: string, key = by) => [
      'approve',
      lab.name,
      `--digest=${digest.slice(0, 12)}`,
      `--by=${by}`,
      `--key=${keys.path(key)}`,
      `--reason=${by} has read it`,
    ];

    // A key that stands in no allowed-signers file proves nothing.
    await cpr(stage, approval('grace', 'mallory'), exitCodes.refused);
    await cpr(stage, approval('ada'));
    assert.equal((await untilGate(recovery)).phase, 'waiting-for-approval', 'one of two is not enough');

    const { runId } = await recovery.describe();
    const page = await browser.openRun(recovery.workflowId, runId);
    const seen = await page.metadata();
    await page.screenshot('6-signed-waiting');
    assert.ok(seen.includes(keys.fingerprint('ada')), `the page says whose key it was:\n${seen}`);

    const printed = JSON.parse(await cpr(stage, [...approval('grace'), '--print'])) as { reason: string };
    await page.sendSignal('vote', { ...printed, reason: 'altered on the way' });
    await untilState(recovery, ({ refused }) => refused.some(({ why }) => why.startsWith('BadSignature')));
    await page.metadata();
    await page.screenshot('7-altered-vote-refused');
    const { refusal } = await page.sendUpdate('vote', printed);
    assert.equal(refusal, undefined);

    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.deepEqual(
      outcome.votes.map(({ by, proof }) => [by, proof?.key]),
      [
        ['ada', keys.fingerprint('ada')],
        ['grace', keys.fingerprint('grace')],
      ],
    );
    const report = await recovery.query(reportQuery);
    for (const name of ['ada', 'grace']) assert.ok(report.includes(keys.fingerprint(name)), report);
    await page.metadata();
    await page.screenshot('8-signed-healed');
  }));
