import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createPodLane } from '../../activities/connections/pod-lane.ts';
import { lookAtNode } from '../../activities/observe/node.ts';
import { isFailure } from '../../activities/failure.ts';
import { requireHealthy, whileAlso } from '../lab/support/broken.ts';
import { healthCheckWorkflow } from '../lab/support/health-check.ts';
import { openStage, type Stage } from '../lab/support/stage.ts';
import { loadInventory } from '../../worker/config/inventory.ts';
import { until } from '../temporal/support/processes.ts';

const rbac = join(import.meta.dirname, '../../deploy/rbac/pod-lane/pod-lane.yaml');
const namespace = 'control-plane-recovery-nodes';
let stage: Stage;
before(async () => {
  stage = await openStage((cluster) => Object.assign(cluster, { nodeAccess: 'pod' }));
  await stage.lab.kubectl(['apply', '-f', rbac]);
});
after(async () => {
  await stage.lab.kubectl(['delete', '--wait=false', '-f', rbac]);
  await stage[Symbol.asyncDispose]();
});

async function pods(): Promise<string[]> {
  const names = await stage.lab.kubectl(['-n', namespace, 'get', 'pods', '-o', 'name']);
  return names.split('\n').filter(Boolean);
}

test('with ssh closed on every master, all three are looked at from pods, and none of those stays', async (t) => {
  const { lab } = stage;
  await stage.startWorker();
  await requireHealthy(lab);
  await closed(lab.masters, async () => {
    const { findings, cost } = await healthCheckWorkflow(stage);
    t.diagnostic(`${cost.apiCalls} API calls, ${cost.milliseconds} ms`);
    assert.deepEqual(findings, []);
    await until(async () => (await pods()).length === 0);
  });
});

test('a master whose kubelet is anonymous cannot be reached so, and is not taken for broken or well', async () => {
  const { lab } = stage;
  await requireHealthy(lab);
  await whileAlso(lab, 'kubelet-stopped', 'master-1', async () => {
    const { clusters } = await loadInventory(stage.inventory);
    const lane = createPodLane(clusters[lab.name] ?? assert.fail('the lab is not in its inventory'));
    await assert.rejects(lookAtNode(lane, 'master-1', {}), (error) => isFailure(error, 'NodeUnreachable'));
    const { kubelet } = await lookAtNode(lane, 'master-0', {});
    assert.equal(kubelet.nodeName, 'master-0');
  });
});

/** Each on top of the others. */
async function closed(masters: readonly string[], work: () => Promise<void>): Promise<void> {
  const [first, ...rest] = masters;
  if (first === undefined) return await work();
  await whileAlso(stage.lab, 'ssh-closed', first, () => closed(rest, work));
}
