import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { WorkflowHandle } from '@temporalio/client';
import { exitCodes } from '../../client/exit-codes.ts';
import type { KubeletAuthRecovery } from '../../workflows/kubelet-auth-recovery.ts';
import { recoveryWorkflowId } from '../../workflows/messages.ts';
import { untilGate } from '../temporal/support/recoveries.ts';
import { whileBroken } from './support/broken.ts';
import { launchBrowser, type Browser, type RunPage } from './support/browser.ts';
import { cpr } from './support/cpr.ts';
import { ended, openStage, type Stage } from './support/stage.ts';

type Recovery = WorkflowHandle<typeof KubeletAuthRecovery>;

const node = 'master-1';
/** To be looked at: what a person sees is what this file is about. */
const screenshots = process.env['CPR_SCREENSHOTS'] ?? join(import.meta.dirname, '../../out/screenshots');
let stage: Stage;
let browser: Browser;
before(async () => {
  mkdirSync(screenshots, { recursive: true });
  stage = await openStage();
  await stage.startWorker();
  browser = await launchBrowser(stage.temporal.server.uiUrl, screenshots);
});
after(async () => {
  await browser[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
});

test('in the Web UI a person sees the plan, is told why a vote is wrong, and approves by "Send an Update"', () =>
  whileBroken(stage.lab, 'kubelet-anonymous', node, async () => {
    const { recovery, page, nonce } = await waitingRun();
    const seen = await page.metadata();
    await page.screenshot('1-waiting');
    for (const text of ['waiting for approval', 'Send a Signal', nonce, 'point of no return']) {
      assert.ok(seen.includes(text), `the page says "${text}":\n${seen}`);
    }

    const wrong = { ...voteIn(seen), nonce: 'of-yesterday', by: 'ada', reason: 'copied from a chat' };
    const { refusal } = await page.sendUpdate('vote', wrong);
    await page.screenshot('2-wrong-vote-refused');
    assert.match(refusal?.split('\n')[0] ?? '', /nonce/i);
    assert.ok(refusal?.split('\n')[0]?.includes(nonce), `what was expected comes first:\n${refusal}`);

    await page.metadata();
    const { refusal: second } = await page.sendUpdate('vote', {
      ...voteIn(seen),
      by: 'ada',
      reason: 'I was there',
      cluster: stage.lab.name,
    });
    assert.equal(second, undefined);
    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.equal(outcome.votes[0]?.by, 'ada');
    assert.match(await page.metadata(), /healed/);
    await page.screenshot('3-healed');
    await page.history();
    await page.screenshot('4-history');
  }));

test('in the Web UI a person approves by "Send a Signal"', () =>
  whileBroken(stage.lab, 'kubelet-anonymous', node, async () => {
    const { recovery, page } = await waitingRun();
    const vote = voteIn(await page.metadata());
    await page.sendSignal('vote', {
      ...vote,
      by: 'grace',
      reason: 'known since this morning',
      cluster: stage.lab.name,
    });
    await page.screenshot('5-signal-sent');
    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.equal(outcome.votes[0]?.by, 'grace');
  }));

/** A run that waits at its gate, asked for on the command line and opened in the browser. */
async function waitingRun(): Promise<{ recovery: Recovery; page: RunPage; nonce: string }> {
  const { lab, temporal } = stage;
  const said = await cpr(stage, ['recover', lab.name, '--node', node, '--by', 'ada'], exitCodes.waiting);
  assert.ok(said.includes(temporal.server.uiUrl), `the command line says where to look:\n${said}`);
  const recovery = temporal.client.workflow.getHandle<typeof KubeletAuthRecovery>(
    recoveryWorkflowId(lab.name),
  );
  const { gate } = await untilGate(recovery);
  assert.ok(gate);
  const { runId } = await recovery.describe();
  const page = await browser.openRun(recovery.workflowId, runId);
  return { recovery, page, nonce: gate.nonce };
}

/** The payload as it stands on the page, ready to be copied. */
function voteIn(seen: string): object {
  const json = /\{[^{}]*"gate"[^{}]*\}/.exec(seen)?.[0];
  assert.ok(json, `the page shows what to send:\n${seen}`);
  return JSON.parse(json) as object;
}
