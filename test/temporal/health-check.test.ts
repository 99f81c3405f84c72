import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { HealthCheck } from '../../workflows/health-check.ts';
import {
  recoveryWorkflowId,
  runbookQueue,
  voteUpdate,
  type HealthCheckResult,
} from '../../workflows/messages.ts';
import { brokenCluster, healthyCluster, nodeIn } from '../simulator/state.ts';
import { until } from './support/processes.ts';
import { ended, serveClusters, untilGate, type Recoveries, type Recovery } from './support/recoveries.ts';

const names = [
  'found',
  'raced',
  'only-looked',
  'well',
  'unreachable',
  'unobservable',
  'damped',
  'unsafe',
  'no-policy',
];

describe('HealthCheck', { concurrency: 4, timeout: 540_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters(names);
  });
  after(() => recoveries.close());

  function check(cluster: string, propose = true): Promise<HealthCheckResult> {
    return recoveries.temporal.client.workflow.execute<typeof HealthCheck>('HealthCheck', {
      workflowId: `health-check/${cluster}/${randomUUID()}`,
      taskQueue: runbookQueue,
      args: [{ cluster, propose }],
    });
  }

  function recoveryOf(cluster: string): Recovery {
    return recoveries.temporal.client.workflow.getHandle(recoveryWorkflowId(cluster)) as Recovery;
  }

  it('starts the recovery of what it found, and the next check finds it waiting at its gate', async () => {
    const { cluster } = recoveries.host(brokenCluster('found'));
    const first = await check('found');
    assert.equal(first.healthy, false);
    assert.equal(first.findings[0]?.code, 'KubeletClientCredentialLost');
    assert.equal(first.recovery?.started, true, first.notProposed);
    assert.ok(first.cost.apiCalls > 0);
    const { plan, requester } = await untilGate(recoveryOf('found'));
    assert.equal(plan?.target, 'master-1');
    assert.equal(requester, 'health-check');

    const second = await check('found');
    assert.equal(second.recovery?.started, false);
    assert.deepEqual(cluster.effects, []);
    await turnDown(recoveryOf('found'));
  });

  it('makes one incident of two checks at the same moment', async () => {
    recoveries.host(brokenCluster('raced'));
    const results = await Promise.all([check('raced'), check('raced'), check('raced')]);
    assert.equal(results.filter((result) => result.recovery?.started).length, 1);
    assert.equal(results.filter((result) => result.recovery !== undefined).length, 3);
    await turnDown(recoveryOf('raced'));
  });

  it('only looks, when it is not to propose', async () => {
    recoveries.host(brokenCluster('only-looked'));
    const result = await check('only-looked', false);
    assert.equal(result.findings.length, 1);
    assert.equal(result.recovery, undefined);
    await assert.rejects(recoveryOf('only-looked').describe());
  });

  it('finds nothing where nothing is wrong', async () => {
    recoveries.host(healthyCluster('well'));
    const result = await check('well');
    assert.equal(result.healthy, true);
    assert.deepEqual(result.findings, []);
  });

  it('calls a cluster that cannot be reached a finding', async () => {
    const { cluster } = recoveries.host(healthyCluster('unreachable'));
    cluster.apiReachable = false;
    const result = await check('unreachable');
    assert.equal(result.healthy, false);
    assert.ok(result.findings.some(({ code }) => code === 'ApiUnreachable'));
  });

  it('calls a cluster that nobody could look at a finding too', async () => {
    const simulator = recoveries.host(healthyCluster('unobservable'));
    simulator.fail('observeControlPlane', 'UnknownCluster', 100);
    const result = await check('unobservable');
    assert.equal(result.healthy, false);
    assert.match(result.findings[0]?.sentence ?? '', /unobservable could not be looked at/);
  });

  it('does not propose again what a person rejected, unless its evidence changes', async () => {
    const { cluster } = recoveries.host(brokenCluster('damped'));
    await check('damped');
    await turnDown(recoveryOf('damped'));

    const again = await check('damped');
    assert.equal(again.recovery, undefined);
    assert.match(again.notProposed ?? '', /was rejected at/);

    const dryRun = await recoveries.start(cluster, { dryRun: true });
    assert.equal((await ended(dryRun)).outcome.status, 'dry-run');
    // A dry run in between makes it no new question. What was before the newest run stands in a list that may lag by a second.
    await until(async () => /was rejected at/.test((await check('damped', false)).notProposed ?? ''));

    nodeIn(cluster, 'master-1').bootstrap.sha256 = 'ef'.repeat(32);
    const changed = await check('damped');
    assert.equal(changed.recovery?.started, true, changed.notProposed);
    await turnDown(recoveryOf('damped'));
  });

  it('keeps what it found when it cannot find out whether a recovery may be proposed', async () => {
    const simulator = recoveries.host(brokenCluster('no-policy'));
    simulator.fail('readPolicy', 'UnknownCluster', 100);
    const result = await check('no-policy');
    assert.equal(result.findings[0]?.code, 'KubeletClientCredentialLost');
    assert.equal(result.recovery, undefined);
    assert.match(result.notProposed ?? '', /injected: UnknownCluster/);
  });

  it('starts nothing that would be refused, and says why', async () => {
    const { cluster } = recoveries.host(brokenCluster('unsafe'));
    nodeIn(cluster, 'master-2').etcdHealthy = false;
    const result = await check('unsafe');
    assert.equal(result.recovery, undefined);
    assert.match(result.notProposed ?? '', /master-2/);
    await assert.rejects(recoveryOf('unsafe').describe());
  });
});

async function turnDown(recovery: Recovery): Promise<void> {
  const { gate } = await untilGate(recovery);
  const vote = {
    gate: gate!.id,
    nonce: gate!.nonce,
    decision: 'reject' as const,
    by: 'grace',
    reason: 'not now',
  };
  await recovery.executeUpdate(voteUpdate, { args: [vote] });
  assert.equal((await ended(recovery)).outcome.status, 'rejected');
}
