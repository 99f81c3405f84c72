import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { HealthCheckResult } from '../../workflows/messages.ts';
import { healthCheckScheduleId, runbookQueue } from '../../workflows/messages.ts';
import { addressChanges, dataGoes, etcdMasterIn, healthyEtcd } from '../simulator/etcd/state.ts';
import { nodeIn } from '../simulator/state.ts';
import { checkHealth, codesOf, latestRun } from './support/health-checks.ts';
import { until } from './support/processes.ts';
import { approve, ended, serveClusters, untilGate, type Recoveries } from './support/recoveries.ts';

describe('HealthCheck of a cluster with an etcd operator', { concurrency: 4, timeout: 600_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters([
      'etcd-well',
      'etcd-proposed',
      'etcd-seen-once',
      'etcd-both',
      'etcd-again',
    ]);
  });
  after(() => recoveries.close());

  /** Both looks see the same fault. */
  function unwell(cluster: ReturnType<typeof healthyEtcd>) {
    nodeIn(cluster, 'master-2').etcdHealthy = false;
    return recoveries.host(cluster);
  }

  it('looks no second time while every member is healthy', async () => {
    const simulator = recoveries.host(healthyEtcd('etcd-well'));
    const { healthy, etcd } = await checkHealth(recoveries, 'etcd-well');
    assert.equal(healthy, true);
    assert.equal(etcd, undefined);
    assert.ok(!simulator.calls.includes('observeEtcd'));
  });

  it('names what is wrong with the member, and starts EtcdRecovery, which waits at its gate', async () => {
    const cluster = dataGoes(healthyEtcd('etcd-proposed'));
    unwell(cluster);
    const found = await checkHealth(recoveries, 'etcd-proposed');
    assert.deepEqual(codesOf(found), ['EtcdMemberDataLost']);
    assert.equal(found.recovery?.started, true, found.notProposed);
    const recovery = latestRun(recoveries, 'etcd-proposed');
    const { runbook, requester } = await untilGate(recovery);
    assert.deepEqual([runbook, requester], ['EtcdRecovery', 'health-check']);
    assert.equal((await checkHealth(recoveries, 'etcd-proposed')).recovery?.started, false);
    await approve(recovery);
    assert.equal((await ended(recovery)).outcome.status, 'healed');
  });

  it('proposes nothing of what it has seen only once, and says so', async () => {
    const cluster = addressChanges(healthyEtcd('etcd-seen-once', { etcd: { seenForMs: 120_000 } }));
    unwell(cluster);
    const found = await checkHealth(recoveries, 'etcd-seen-once');
    assert.deepEqual(codesOf(found), ['EtcdMemberAddressChanged']);
    assert.equal(found.recovery, undefined);
    assert.match(
      found.notProposed ?? '',
      /seen only once so far, .* later\. A recovery that is started now waits for that by itself\.$/,
    );
    assert.deepEqual(cluster.effects, []);
  });

  it('proposes it once a later scheduled check has seen the same for long enough', async () => {
    const cluster = dataGoes(healthyEtcd('etcd-again', { etcd: { seenForMs: 3_000 } }));
    unwell(cluster);
    const { client } = recoveries.temporal;
    const schedule = await client.schedule.create({
      scheduleId: healthCheckScheduleId('etcd-again'),
      spec: { intervals: [{ every: '4s' }] },
      action: {
        type: 'startWorkflow',
        workflowType: 'HealthCheck',
        workflowId: 'health-check/etcd-again',
        taskQueue: runbookQueue,
        args: [{ cluster: 'etcd-again', propose: true }],
      },
    });
    try {
      await until(async () => {
        const { info } = await schedule.describe();
        return info.recentActions.length >= 3;
      });
      const { runbook } = await untilGate(latestRun(recoveries, 'etcd-again'));
      assert.equal(runbook, 'EtcdRecovery');
      assert.ok(!cluster.effects.some((effect) => !effect.startsWith('operator')));
    } finally {
      await schedule.delete();
    }
    const first = client.workflow.getHandle<() => Promise<HealthCheckResult>>(
      (await firstCheck('etcd-again')) ?? '',
    );
    assert.match((await first.result()).notProposed ?? '', /seen only once so far/);
  });

  it('mends the kubelet first, where it has lost itself on the same master', async () => {
    const cluster = dataGoes(healthyEtcd('etcd-both'));
    Object.assign(nodeIn(cluster, 'master-2'), {
      certificate: 'missing',
      bootstrap: { sha256: 'de'.repeat(32), kind: 'rejected' },
    });
    etcdMasterIn(cluster, 'master-2').kubelet = 'unauthenticated';
    unwell(cluster);
    const found = await checkHealth(recoveries, 'etcd-both', false);
    assert.ok(codesOf(found).includes('EtcdMemberDataLost'), String(codesOf(found)));
    assert.ok(codesOf(found).includes('KubeletClientCredentialLost'));
    const started = await checkHealth(recoveries, 'etcd-both');
    assert.equal(
      (await untilGate(latestRun(recoveries, 'etcd-both'))).runbook,
      'KubeletAuthRecovery',
      started.notProposed,
    );
  });

  /** The id of the schedule's first check: the server adds the time to it. */
  async function firstCheck(cluster: string): Promise<string | undefined> {
    const { client } = recoveries.temporal;
    const ids: [number, string][] = [];
    for await (const run of client.workflow.list({ query: `WorkflowType = 'HealthCheck'` }))
      if (run.workflowId.startsWith(`health-check/${cluster}-`))
        ids.push([run.startTime.getTime(), run.workflowId]);
    return ids.toSorted(([left], [right]) => left - right)[0]?.[1];
  }
});
