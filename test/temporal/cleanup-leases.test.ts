import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { planOf } from '../../domain/plan.ts';
import { watchdogId } from '../../domain/lease.ts';
import { recoveryWorkflowId, resolveStepUpdate } from '../../workflows/messages.ts';
import { lendIn } from '../simulator/leases.ts';
import type { Simulator } from '../simulator/simulator.ts';
import { healthyCluster, nodeIn } from '../simulator/state.ts';
import { checkHealth, codesOf, latestRun } from './support/health-checks.ts';
import {
  approve,
  ended,
  serveClusters,
  untilBlocked,
  untilGate,
  untilState,
  type Recoveries,
  type Recovery,
} from './support/recoveries.ts';

const stepId = 'lease-etcd-unsafe-override';

describe('A setting that is still lent', { concurrency: 4, timeout: 540_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters(['left', 'changed', 'skipped', 'stuck', 'both']);
  });
  after(() => recoveries.close());

  /** A run that holds a lease, and its watchdog, on queues that nobody serves: neither does anything until it is terminated. */
  async function lent(
    cluster: string,
  ): Promise<{ simulator: Simulator; found: string; terminate: () => Promise<void> }> {
    const simulator = recoveries.host(healthyCluster(cluster));
    const found = contentOf(simulator);
    const { workflow } = recoveries.temporal.client;
    const begin = (type: string, workflowId: string) =>
      workflow.start(type, { workflowId, taskQueue: 'nobody', args: [] });
    const owner = await begin('EtcdRecovery', recoveryWorkflowId(cluster));
    const watchdog = await begin('OverrideLease', watchdogId(cluster));
    lendIn(simulator.cluster, {
      target: 'etcd-unsafe-override',
      id: watchdog.firstExecutionRunId,
      owner: { workflow: owner.workflowId, run: owner.firstExecutionRunId },
      deadline: new Date().toISOString(),
    });
    const terminate = async () => {
      await owner.terminate('somebody was in a hurry');
      await watchdog.terminate('and this one too');
    };
    return { simulator, found, terminate };
  }

  const check = (cluster: string) => checkHealth(recoveries, cluster);
  const runOf = (cluster: string) => latestRun(recoveries, cluster);

  /** Lent, left, found, and proposed to be put back: the run that waits for its vote. */
  async function proposed(cluster: string) {
    const { simulator, found, terminate } = await lent(cluster);
    await terminate();
    const { recovery, notProposed } = await check(cluster);
    assert.equal(recovery?.started, true, notProposed);
    return { simulator, found, run: runOf(cluster) };
  }

  it('is found once nobody watches over it, and put back behind a vote, exactly as it was', async () => {
    const { simulator, found, terminate } = await lent('left');
    const { cluster } = simulator;
    assert.deepEqual(codesOf(await check('left')), [], 'its watchdog is open');
    await terminate();
    const first = await check('left');
    assert.deepEqual(codesOf(first), ['OverrideLeaseLeft']);
    assert.equal(first.recovery?.sentence, 'Cleanup of left waits at its gate.', first.notProposed);

    const { plan, runbook, node, gate } = await untilGate(runOf('left'));
    assert.deepEqual([runbook, node, gate?.risk, plan?.target], ['Cleanup', undefined, 'reversible', 'left']);
    const [pinned] = planOf('Cleanup', plan!).pins.leases;
    assert.equal(pinned?.lease.owner.workflow, 'recovery/left');
    assert.deepEqual(cluster.effects, [], 'nothing is done before the vote');

    await approve(runOf('left'));
    const { outcome, report } = await ended(runOf('left'));
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.deepEqual(cluster.effects, ['put back etcd-unsafe-override']);
    assert.equal(contentOf(simulator), found);
    assert.match(report, /etcd-unsafe-override is not set, and no lease is noted/);
    assert.deepEqual((await check('left')).findings, []);
  });

  it('is not overwritten when somebody changes it after the vote: the step blocks, and is retried once they have undone it', async () => {
    const { simulator, found, run } = await proposed('changed');
    simulator.before('restoreLease', 1, changedByHand);
    await approve(run);
    const { blocked } = await untilBlocked(run);
    assert.deepEqual([blocked.stepId, blocked.errorType], [stepId, 'LeaseForeign']);
    assert.match(blocked.error, /NonHANonProductionUnstableEtcd is false/);
    assert.match(blocked.advice ?? '', /ask who.*docs\/lease\.md/);
    assert.match(contentOf(simulator), /"useUnsupportedUnsafeNonHANonProductionUnstableEtcd":false/);

    simulator.cluster.etcdObject = JSON.parse(found);
    await resolve(run, 'retry');
    assert.equal((await ended(run)).outcome.status, 'healed');
    assert.deepEqual(simulator.cluster.effects, []);
  });

  it('stays as it is when its step is skipped, and is then a person’s, of whom the next check reminds', async () => {
    const { simulator, run } = await proposed('skipped');
    simulator.before('restoreLease', 1, changedByHand);
    await approve(run);
    const { blocked } = await untilBlocked(run);
    assert.deepEqual(blocked.choices, ['retry', 'skip', 'abort']);
    const theirs = contentOf(simulator);
    await resolve(run, 'skip');
    const { outcome } = await ended(run);
    assert.equal(outcome.status, 'healed');
    assert.match(outcome.sentence, /but for what was skipped, which stays: lease-/);
    assert.equal(contentOf(simulator), theirs);
    const [finding] = (await check('skipped')).findings;
    assert.deepEqual(finding?.remedy, { page: 'docs/findings.md#overrideleaseleft' });
  });

  it('is not called put back while it stands', async () => {
    const { simulator, run } = await proposed('stuck');
    simulator.intercept('restoreLease', async (perform) => {
      const asLent = simulator.cluster.etcdObject;
      const end = await perform();
      simulator.cluster.etcdObject = asLent;
      return end;
    });
    await approve(run);
    const { blocked } = await untilBlocked(run);
    assert.deepEqual([blocked.stepId, blocked.errorType], ['verify', 'NotYetHealthy']);
    assert.match(blocked.error, /lent to recovery\/stuck/);
    await run.terminate('the test is over');
  });

  it('is put back in the same run as what is left on a node, and before it', async () => {
    const { simulator, terminate } = await lent('both');
    const { cluster } = simulator;
    nodeIn(cluster, 'master-1').backups['0b1c2d3e4f50'] = { sha256: 'de'.repeat(32), kind: 'rejected' };
    await terminate();
    assert.deepEqual(codesOf(await check('both')), ['OverrideLeaseLeft', 'UnfinishedRecoveryOnNode']);
    await approve(runOf('both'));
    const { steps, node } = await untilState(runOf('both'), ({ phase }) => phase === 'closed');
    assert.equal(node, 'master-1');
    assert.deepEqual(
      steps.map(({ id, state }) => [id, state]),
      [
        [stepId, 'done'],
        ['conclude-0b1c2d3e4f50', 'done'],
        ['verify', 'done'],
      ],
    );
    assert.deepEqual((await check('both')).findings, []);
  });
});

async function resolve(run: Recovery, action: 'retry' | 'skip'): Promise<void> {
  const request = { stepId, action, by: 'grace', reason: 'they know' } as const;
  await run.executeUpdate(resolveStepUpdate, { args: [request] });
}

function changedByHand(cluster: Simulator['cluster']): void {
  const text = JSON.stringify(cluster.etcdObject);
  cluster.etcdObject = JSON.parse(text.replace('UnstableEtcd":true', 'UnstableEtcd":false'));
}

/** Without the place where notes stood: an empty map is no content. */
function contentOf({ cluster }: Simulator): string {
  return JSON.stringify(cluster.etcdObject, (key, value: unknown) =>
    key === 'annotations' && JSON.stringify(value) === '{}' ? undefined : value,
  );
}
