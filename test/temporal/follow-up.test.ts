import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import type { KubeletAuthRecovery } from '../../workflows/kubelet-auth-recovery.ts';
import type { KubeletFollowUp } from '../../workflows/kubelet-follow-up.ts';
import {
  debtQuery,
  followUpWorkflowId,
  recoveryWorkflowId,
  runbookQueue,
  type FollowUpState,
} from '../../workflows/messages.ts';
import { recordHistory } from './support/record-history.ts';
import { brokenCluster, nodeIn, type SimulatedCluster } from '../simulator/state.ts';
import { approve, ended, serveClusters, untilGate, type Recoveries } from './support/recoveries.ts';

const node = 'master-1';

/** As rung R4b leaves it, once somebody signs again and has signed what the kubelet asked for as cluster-admin. */
function lentCluster(name: string): SimulatedCluster {
  const cluster = brokenCluster(name);
  const master = nodeIn(cluster, node);
  master.certificate = 'present';
  master.lent = 'kubeconfig';
  master.bootstrap = { sha256: 'b0'.repeat(32), kind: 'durable' };
  return cluster;
}

describe('KubeletFollowUp', { concurrency: 4, timeout: 240_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters(['watched', 'lent', 'lent-beside-lost']);
  });
  after(() => recoveries.close());

  const handleOf = (cluster: string) =>
    recoveries.temporal.client.workflow.getHandle<typeof KubeletFollowUp>(followUpWorkflowId(cluster, node));

  async function untilDebt(
    cluster: string,
    holds: (state: FollowUpState) => boolean,
  ): Promise<FollowUpState> {
    const patience = AbortSignal.timeout(120_000);
    for (;;) {
      const state = await handleOf(cluster).query(debtQuery);
      if (holds(state)) return state;
      await sleep(200, undefined, { signal: patience });
    }
  }

  function follow(cluster: string): Promise<unknown> {
    return recoveries.temporal.client.workflow.start<typeof KubeletFollowUp>('KubeletFollowUp', {
      workflowId: followUpWorkflowId(cluster, node),
      taskQueue: runbookQueue,
      args: [{ cluster, node, requester: 'ada', lent: true }],
    });
  }

  it('is opened by a run that gave a new certificate, which names it, and begins anew with the next such run', async () => {
    const simulator = recoveries.host(brokenCluster('watched'));
    const recovery = await recoveries.start(simulator.cluster);
    await approve(recovery);
    const { outcome, report } = await ended(recovery);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    await recordHistory(recovery, 'kubelet-watched');
    assert.match(report, /What stays on purpose:\n\n- Workflow follow-up\/watched\/master-1/);
    const seen = await untilDebt('watched', ({ debt }) => debt.state === 'watching');
    assert.deepEqual([seen.lent, seen.first?.serial], [false, '4F2A']);

    const master = nodeIn(simulator.cluster, node);
    Object.assign(master, brokenCluster('watched').nodes[node]);
    const second = await recoveries.start(simulator.cluster);
    await approve(second);
    const { state } = await ended(second);
    const step = state.steps.find(({ id }) => id === 'follow-up');
    assert.match(step?.note ?? '', /was open already, and watches anew/);
    await untilDebt('watched', ({ first }) => first === undefined);
  });

  it('opens the graduation, which asks for its own approval, once what was lent can be taken back', async () => {
    recoveries.host(lentCluster('lent'));
    await follow('lent');
    await untilDebt('lent', ({ proposals }) => proposals === 1);
    const { workflow } = recoveries.temporal.client;
    const state = await untilGate(workflow.getHandle<typeof KubeletAuthRecovery>(recoveryWorkflowId('lent')));
    assert.ok(state.plan?.runbook === 'KubeletAuthRecovery');
    assert.deepEqual([state.plan.target, state.plan.pins.rung], [node, 'G']);
    await recordHistory(handleOf('lent'), 'kubelet-follow-up');
  });

  it('takes no lock for it while another master cannot authenticate at all', async () => {
    const cluster = lentCluster('lent-beside-lost');
    cluster.nodes['master-2'] = brokenCluster('lent-beside-lost', {}, 'master-2').nodes['master-2']!;
    recoveries.host(cluster);
    await follow(cluster.name);
    const { debt, proposals } = await untilDebt(cluster.name, (state) =>
      /comes first/.test(state.debt.because),
    );
    assert.deepEqual([debt.state, proposals], ['waiting', 0]);
    await assert.rejects(
      recoveries.temporal.client.workflow.getHandle(recoveryWorkflowId(cluster.name)).describe(),
      { name: 'WorkflowNotFoundError' },
    );
  });
});
