import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { Cleanup } from '../../workflows/cleanup.ts';
import type { HealthCheck } from '../../workflows/health-check.ts';
import { recoveryWorkflowId, runbookQueue, type HealthCheckResult } from '../../workflows/messages.ts';
import { until } from '../temporal/support/processes.ts';
import type { Recovery } from '../temporal/support/recoveries.ts';
import { requireHealthy, whileBroken } from './support/broken.ts';
import { faultsOf, rememberHealthy, type Before } from './support/node-proof.ts';
import { ownRequestSince } from './support/once-more.ts';
import { reached } from './support/reached.ts';
import { makeSshShim, type SshShim } from './support/ssh-shim.ts';
import { approve, ended, openStage, type Stage } from './support/stage.ts';
import { kubeletStarts } from './support/times.ts';

const node = 'master-1';
const recovery = '/var/lib/kubelet-recovery';
let stage: Stage;
let shim: SshShim;
let healthy: Before;
before(async () => {
  stage = await openStage();
  shim = makeSshShim();
  await stage.startWorker({ path: shim.directory });
  await requireHealthy(stage.lab);
  healthy = await rememberHealthy(stage.lab, node);
});
after(async () => {
  await stage[Symbol.asyncDispose]();
  shim.remove();
});

test('terminated after the bootstrap step: all of it is found, the recovery goes on from there, and a cleanup leaves the backups alone', () =>
  whileBroken(stage.lab, 'kubelet-anonymous', node, async () => {
    await terminatedAfter('install-bootstrap');
    const found = await check();
    assert.deepEqual(codes(found), [
      'KubeletAuthenticationFault',
      'TemporaryCredentialLeft',
      'UnfinishedRecoveryOnNode',
    ]);
    const tooEarly = await ended(await clean());
    assert.equal(tooEarly.outcome.reason, 'RecoveryNeededFirst', tooEarly.outcome.sentence);

    const second = await stage.recover();
    const approvedAt = await approve(second);
    assert.equal((await ended(second)).outcome.status, 'healed');
    const left = await check();
    assert.deepEqual(codes(left), ['UnfinishedRecoveryOnNode']);

    const cleanup = await clean();
    await approve(cleanup);
    const { outcome } = await ended(cleanup);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    await until(async () => codes(await check()).length === 0, 60);
    assert.deepEqual(await wordsOnNode(), ['cleaned up', 'healed']);
    assert.deepEqual(await faultsOf(stage.lab, node, healthy, approvedAt), []);
  }));

test('terminated after the restart, its request approved by hand: the check proposes the cleanup, which makes the node durable', () =>
  whileBroken(stage.lab, 'kubelet-anonymous', node, async () => {
    const { lab } = stage;
    const since = new Date();
    const approvedAt = await terminatedAfter('restart-kubelet');
    await ownRequestSince(lab, node, since);
    const found = await check(true);
    assert.deepEqual(codes(found), ['TemporaryCredentialLeft', 'UnfinishedRecoveryOnNode']);
    assert.equal(found.recovery?.started, true, found.notProposed);

    const cleanup = stage.temporal.client.workflow.getHandle(recoveryWorkflowId(lab.name)) as Recovery;
    await approve(cleanup);
    const { outcome, state } = await ended(cleanup);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.equal(state.plan?.steps[0]?.id, 'bootstrap');
    await until(async () => codes(await check()).length === 0, 60);
    assert.deepEqual(await wordsOnNode(), ['cleaned up']);
    assert.deepEqual(await faultsOf(lab, node, healthy, approvedAt), []);
    assert.equal((await kubeletStarts(lab, node, approvedAt)).length, 1, 'tidying restarts nothing');
  }));

/** Approves a recovery and terminates it when that script has just ended; the moment of the vote. */
async function terminatedAfter(script: 'install-bootstrap' | 'restart-kubelet'): Promise<number> {
  shim.holdAt({ script, when: 'ended' });
  const run = await stage.recover();
  const approvedAt = await approve(run);
  await reached(shim, run);
  await run.terminate('somebody was in a hurry');
  shim.release();
  return approvedAt;
}

function check(propose = false): Promise<HealthCheckResult> {
  const { temporal, lab } = stage;
  return temporal.client.workflow.execute<typeof HealthCheck>('HealthCheck', {
    workflowId: `health-check/${lab.name}/${randomUUID()}`,
    taskQueue: runbookQueue,
    args: [{ cluster: lab.name, propose }],
  });
}

function clean(): Promise<Recovery> {
  const { temporal, lab } = stage;
  return temporal.client.workflow.start<typeof Cleanup>('Cleanup', {
    workflowId: recoveryWorkflowId(lab.name),
    taskQueue: runbookQueue,
    args: [{ cluster: lab.name, requester: 'ada', origin: 'cli' }],
  });
}

function codes({ findings }: HealthCheckResult): string[] {
  return findings.map(({ code }) => code);
}

/** How each run says that it ended; and there is nothing else of ours. */
async function wordsOnNode(): Promise<string[]> {
  const script = `cd ${recovery} && ls -A | grep -v '^[0-9a-f]\\{12\\}$'; ls /etc/kubernetes | grep cpr; cat */concluded`;
  const { stdout } = await stage.lab.sh(node, ['sh', '-c', script]);
  return stdout.trim().split('\n').toSorted();
}
