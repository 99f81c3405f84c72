import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { recoveryWorkflowId } from '../../workflows/messages.ts';
import type { KubeletAuthRecovery } from '../../workflows/kubelet-auth-recovery.ts';
import { untilState } from '../temporal/support/recoveries.ts';
import { until } from '../temporal/support/processes.ts';
import { writesByCpr } from './support/audit.ts';
import { whileBroken } from './support/broken.ts';
import { cpr } from './support/cpr.ts';
import { openStage, type Stage } from './support/stage.ts';

const node = 'master-1';
let stage: Stage;
before(async () => {
  stage = await openStage();
  await stage.startWorker();
});
after(async () => {
  await cpr(stage, ['schedule', 'delete', stage.lab.name]);
  await stage[Symbol.asyncDispose]();
});

test('with a look every minute and nobody touching anything, exactly one recovery waits at its gate', async () => {
  const { lab } = stage;
  const { client } = stage.temporal;
  const since = new Date().toISOString();
  assert.match(await cpr(stage, ['schedule', 'set', lab.name, '--every', '1m']), /every 1 ?min/);
  await whileBroken(lab, 'kubelet-anonymous', node, async () => {
    await until(async () => (await count(`WorkflowType="KubeletAuthRecovery"`)) > 0, 90);
    const recovery = client.workflow.getHandle<typeof KubeletAuthRecovery>(recoveryWorkflowId(lab.name));
    const waiting = await untilState(recovery, ({ phase }) => phase === 'waiting-for-approval');
    assert.equal(waiting.node, node);
    assert.equal(waiting.plan?.target, node);
    assert.deepEqual(
      waiting.plan?.steps.map(({ id }) => id),
      [
        'backup',
        'bootstrap',
        'restart',
        'approve-csr',
        'verify',
        'graduate',
        'verify-graduated',
        'follow-up',
      ],
    );

    const looks = await count('WorkflowType="HealthCheck" AND ExecutionStatus="Completed"');
    await cpr(stage, ['schedule', 'trigger', lab.name]);
    await until(
      async () => (await count('WorkflowType="HealthCheck" AND ExecutionStatus="Completed"')) > looks,
    );
    assert.equal(
      await count('WorkflowType="KubeletAuthRecovery"'),
      1,
      'one incident however often it is looked at',
    );
    assert.equal((await untilState(recovery, ({ gate }) => gate !== undefined)).gate?.id, 'plan-1');
    assert.deepEqual(await writesByCpr(lab, since), []);
    await recovery.terminate('the test is over');
  });
});

async function count(query: string): Promise<number> {
  return (await stage.temporal.client.workflow.count(query)).count;
}
