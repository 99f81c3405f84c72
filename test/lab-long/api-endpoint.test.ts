import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { resolveStepUpdate } from '../../workflows/messages.ts';
import { writesByCpr } from '../lab/support/audit.ts';
import { requireHealthy, whileAlso, whileBroken } from '../lab/support/broken.ts';
import { healthCheckWorkflow } from '../lab/support/health-check.ts';
import { faultsOf, rememberHealthy } from '../lab/support/node-proof.ts';
import { approve, openStage, type Stage } from '../lab/support/stage.ts';
import { until } from '../temporal/support/processes.ts';
import { untilState, type Recovery } from '../temporal/support/recoveries.ts';
import type { RecoveryResult } from '../../workflows/messages.ts';

const node = 'master-1';
let stage: Stage;
before(async () => {
  stage = await openStage();
});
after(() => stage[Symbol.asyncDispose]());

test('with the endpoint down from the start, the incident is diagnosed whole through a master, decided on, and nothing is written', async (t) => {
  const { lab } = stage;
  await stage.startWorker();
  await whileBroken(lab, 'kubelet-anonymous', node, () =>
    whileAlso(lab, 'api-endpoint-down', node, async () => {
      const since = new Date().toISOString();
      const { findings, cost } = await healthCheckWorkflow(stage);
      t.diagnostic(`${cost.apiCalls} API calls, ${cost.milliseconds} ms`);
      const codes = findings.map(({ code, node: on }) => `${code} ${on ?? ''}`.trim());
      assert.ok(codes.includes('ApiEndpointDown'), codes.join());
      // Whether its bootstrap credential is good is asked on the node, over the endpoint: so it depends on the moment how much
      // of its fault is named, and never is it a lost credential, which nobody could see.
      assert.ok(
        codes.some((code) => code.endsWith(` ${node}`)),
        codes.join(),
      );
      assert.ok(!codes.includes(`KubeletClientCredentialLost ${node}`), codes.join());
      assert.ok(!codes.includes('ApiUnreachable') && !codes.includes('SignerDown'), codes.join());
      const endpoint = findings.find(({ code }) => code === 'ApiEndpointDown');
      assert.match(endpoint?.sentence ?? '', /the API server on master-\d does/);
      assert.match(JSON.stringify(endpoint?.evidence), /ECONNREFUSED/);

      const dryRun = await stage.recover({ dryRun: true });
      const { outcome, report } = await dryRun.result();
      t.diagnostic(`${outcome.status}: ${outcome.sentence}`);
      assert.ok(['dry-run', 'refused'].includes(outcome.status), outcome.sentence);
      assert.ok(
        !['ApiUnreachable', 'EvidenceIncomplete'].includes(outcome.reason ?? ''),
        'all that was asked for was read',
      );
      assert.match(report, /read through the API server on master-\d/);
      assert.deepEqual(await writesByCpr(lab, since), []);
    }),
  );
});

test('killed while it goes through a master, a worker leaves no connection behind', async () => {
  const { lab } = stage;
  await whileAlso(lab, 'api-endpoint-down', node, async () => {
    const worker = await stage.startWorker();
    const looking = healthCheckWorkflow(stage);
    await until(() => connections().length > 0);
    await worker.kill();
    await until(() => connections().length === 0);
    await stage.startWorker();
    await looking;
  });
});

test('with an endpoint that comes and goes, a recovery ends healed: each act once, and no decision on half a look', async (t) => {
  const { lab } = stage;
  await requireHealthy(lab);
  const healthy = await rememberHealthy(lab, node);
  await whileBroken(lab, 'kubelet-anonymous', node, async () => {
    let approvedAt = 0;
    await whileAlso(lab, 'api-endpoint-flapping', node, async () => {
      const recovery = await atItsGate((text) => t.diagnostic(text));
      approvedAt = await approve(recovery);
      const { outcome } = await endedWithHelp(recovery, (text) => t.diagnostic(text));
      assert.equal(outcome.status, 'healed', outcome.sentence);
    });
    assert.deepEqual(await faultsOf(lab, node, healthy, approvedAt), []);
    const writes = await writesByCpr(lab, new Date(approvedAt * 1000).toISOString());
    const approvals = writes.filter((write) =>
      write.startsWith('update certificatesigningrequests/approval: 200'),
    );
    assert.equal(approvals.length, 1, writes.join());
  });
});

/** A look that falls into an outage cannot ask on the node what it must know, and refuses: a person asks again. */
async function atItsGate(say: (text: string) => void): Promise<Recovery> {
  for (let tries = 1; ; tries++) {
    const recovery = await stage.recover();
    const { phase, outcome } = await untilState(recovery, (state) =>
      ['waiting-for-approval', 'closed'].includes(state.phase),
    );
    if (phase !== 'closed') return recovery;
    assert.ok(tries < 12, outcome?.sentence);
    say(`${outcome?.status}: ${outcome?.sentence}`);
  }
}

/**
 * What runs on the node uses the kubelet's own way to the API, which is the endpoint: such a step may meet an outage and block.
 * A person looks and says "retry".
 */
async function endedWithHelp(recovery: Recovery, say: (text: string) => void): Promise<RecoveryResult> {
  for (let helped = 0; ; helped++) {
    const { blocked } = await untilState(
      recovery,
      (state) => state.blocked !== undefined || state.phase === 'closed',
    );
    if (!blocked) return await recovery.result();
    assert.ok(helped < 6, blocked.error);
    say(`blocked at ${blocked.stepId}: ${blocked.error}`);
    const retry = { stepId: blocked.stepId, action: 'retry', by: 'grace', reason: 'it flaps' } as const;
    await recovery.executeUpdate(resolveStepUpdate, { args: [retry] });
    await untilState(recovery, (state) => state.blocked?.since !== blocked.since);
  }
}

/** ssh processes that carry a connection to an API server of this lab. */
function connections(): string[] {
  return globSync('/proc/[0-9]*/cmdline').filter((file) => {
    try {
      const words = readFileSync(file, 'utf8').split('\0');
      const at = words.indexOf('-W');
      return (
        words[0]?.endsWith('ssh') &&
        words[at + 1] === '127.0.0.1:6443' &&
        words.join().includes(stage.lab.dir)
      );
    } catch {
      return false;
    }
  });
}
