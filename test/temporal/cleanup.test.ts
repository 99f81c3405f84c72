import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { RecoveryRequest } from '../../domain/run.ts';
import { planOf } from '../../domain/plan.ts';
import type { Cleanup } from '../../workflows/cleanup.ts';
import { recoveryWorkflowId, resolveStepUpdate, runbookQueue } from '../../workflows/messages.ts';
import type { Simulator } from '../simulator/simulator.ts';
import { healthyEtcd } from '../simulator/etcd/state.ts';
import { brokenCluster, healthyCluster, nodeIn, type SimulatedNode } from '../simulator/state.ts';
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

const names = ['proposed', 'skipping', 'sick', 'clean', 'stuck', 'half', 'gone', 'paused'];
const leftRunId = '0b1c2d3e4f50';

describe('Cleanup', { concurrency: 4, timeout: 540_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters(names);
  });
  after(() => recoveries.close());

  /** A healthy cluster on whose master-1 a run was terminated when the node was well again, before its last steps. */
  function littered(name: string): { simulator: Simulator; node: SimulatedNode } {
    const simulator = recoveries.host(healthyCluster(name));
    const node = nodeIn(simulator.cluster, 'master-1');
    node.backups[leftRunId] = { sha256: 'de'.repeat(32), kind: 'rejected' };
    node.restarts.push(`${leftRunId}/1`);
    node.bootstrap = { sha256: '0a'.repeat(32), kind: 'temporary', by: leftRunId };
    return { simulator, node };
  }

  const check = (cluster: string) => checkHealth(recoveries, cluster);
  const runOf = (cluster: string) => latestRun(recoveries, cluster);

  function clean(cluster: string, request: Partial<RecoveryRequest> = {}): Promise<Recovery> {
    return recoveries.temporal.client.workflow.start<typeof Cleanup>('Cleanup', {
      workflowId: recoveryWorkflowId(cluster),
      taskQueue: runbookQueue,
      args: [{ cluster, requester: 'ada', origin: 'cli', ...request }],
    });
  }

  it('is proposed by the check that finds leftovers, removes them after a vote, and the next check finds nothing', async () => {
    const { node } = littered('proposed');
    const found = await check('proposed');
    assert.deepEqual(
      found.findings.map(({ code }) => code),
      ['TemporaryCredentialLeft', 'UnfinishedRecoveryOnNode'],
    );
    assert.equal(found.recovery?.started, true, found.notProposed);
    const { plan, runbook } = await untilGate(runOf('proposed'));
    assert.equal(runbook, 'Cleanup');
    assert.equal(plan && planOf('Cleanup', plan).pins.bootstrap?.runId, leftRunId);
    assert.equal(node.bootstrap.kind, 'temporary', 'nothing is done before the vote');

    await approve(runOf('proposed'));
    const { outcome, report } = await ended(runOf('proposed'));
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.match(report, new RegExp(`/var/lib/kubelet-recovery/${leftRunId}`));
    assert.equal(node.bootstrap.kind, 'durable');
    assert.deepEqual(node.concluded, { [leftRunId]: 'cleaned up' });
    assert.deepEqual((await check('proposed')).findings, []);
  });

  it('goes on without a step that is skipped, and says what is left so', async () => {
    const { simulator, node } = littered('skipping');
    simulator.fail('installDurableBootstrap', 'PreconditionFailed', 100);
    simulator.fail('concludeRun', 'PreconditionFailed', 100);
    const run = await clean('skipping');
    await approve(run);
    for (const stepId of ['bootstrap', `conclude-${leftRunId}`]) {
      const { blocked } = await untilState(run, (state) => state.blocked?.stepId === stepId);
      assert.deepEqual(blocked?.choices, ['retry', 'skip', 'abort']);
      const skip = { stepId, action: 'skip', by: 'grace', reason: 'later' } as const;
      await run.executeUpdate(resolveStepUpdate, { args: [skip] });
    }
    const { outcome } = await ended(run);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.match(outcome.evidence.map(({ fact }) => fact).join(), /but what was skipped/);
    assert.equal(node.bootstrap.kind, 'temporary');
  });

  it('is refused on a node that is not well, and the check proposes the recovery instead', async () => {
    const simulator = recoveries.host(brokenCluster('sick'));
    nodeIn(simulator.cluster, 'master-1').backups[leftRunId] = { sha256: 'de'.repeat(32), kind: 'rejected' };
    const { outcome } = await ended(await clean('sick'));
    assert.equal(outcome.reason, 'RecoveryNeededFirst', outcome.sentence);
    const { recovery, findings } = await check('sick');
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['KubeletClientCredentialLost', 'UnfinishedRecoveryOnNode'],
    );
    assert.match(recovery?.sentence ?? '', /^KubeletAuthRecovery of master-1/);
    await runOf('sick').terminate('the test is over');
  });

  it('resumes what a run has left paused that was terminated, and nothing that a person has', async () => {
    const cluster = healthyEtcd('paused');
    recoveries.host(cluster);
    cluster.model.paused = [{ name: 'masters', by: leftRunId }];
    const found = await check('paused');
    assert.deepEqual(
      found.findings.map(({ code }) => code),
      ['RemediatorLeftPaused'],
    );
    assert.match(found.recovery?.sentence ?? '', /Cleanup/);
    await untilGate(runOf('paused'));
    assert.deepEqual(cluster.effects, []);
    await approve(runOf('paused'));
    const { outcome } = await ended(runOf('paused'));
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.match(outcome.evidence.map(({ fact }) => fact).join(), /nothing of the plan is paused by a run/);
    assert.deepEqual(cluster.model.paused, [{ name: 'masters' }]);
    assert.deepEqual((await check('paused')).findings, []);

    cluster.model.paused = [{ name: 'masters', by: 'anna' }];
    assert.deepEqual((await check('paused')).findings, []);
  });

  it('has nothing to do where nothing is left', async () => {
    recoveries.host(healthyCluster('clean'));
    const { outcome } = await ended(await clean('clean'));
    assert.deepEqual([outcome.status, outcome.reason], ['refused', 'NothingLeft']);
  });

  it('ends as resolved when somebody else has tidied up before the vote', async () => {
    const { node } = littered('gone');
    const run = await clean('gone');
    await untilGate(run);
    node.concluded[leftRunId] = 'cleaned up';
    node.bootstrap = { sha256: 'd0'.repeat(32), kind: 'durable' };
    await approve(run);
    const { outcome } = await ended(run);
    assert.equal(outcome.status, 'resolved', outcome.sentence);
  });

  it('blocks when something is still left in the end', async () => {
    const { simulator, node } = littered('stuck');
    simulator.intercept('concludeRun', async (perform) => {
      const done = await perform();
      node.halfWritten['another'] = ['/etc/kubernetes/kubeconfig.cpr-another'];
      return done;
    });
    const run = await clean('stuck');
    await approve(run);
    const { blocked } = await untilBlocked(run);
    assert.deepEqual([blocked.stepId, blocked.errorType], ['verify', 'NotYetHealthy']);
    assert.match(blocked.error, /another/);
    delete node.halfWritten['another'];
    const retry = { stepId: 'verify', action: 'retry', by: 'grace', reason: 'gone' } as const;
    await run.executeUpdate(resolveStepUpdate, { args: [retry] });
    assert.equal((await ended(run)).outcome.status, 'healed');
  });

  it('asks for the cluster’s name where half-written files go', async () => {
    const simulator = recoveries.host(healthyCluster('half'));
    const node = nodeIn(simulator.cluster, 'master-1');
    node.halfWritten[leftRunId] = [`/etc/kubernetes/kubeconfig.cpr-${leftRunId}`];
    const run = await clean('half');
    assert.equal((await untilGate(run)).gate?.risk, 'irreversible');
    await approve(run);
    assert.equal((await ended(run)).outcome.status, 'healed');
    assert.deepEqual(node.halfWritten, {});
  });
});

describe('what a run leaves on a node', { concurrency: 4, timeout: 540_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters(['terminated', 'ended', 'aborted']);
  });
  after(() => recoveries.close());

  it('is nothing once it has healed: its directory says so', async () => {
    const { cluster } = recoveries.host(brokenCluster('ended'));
    const run = await recoveries.start(cluster);
    await approve(run);
    assert.equal((await ended(run)).outcome.status, 'healed');
    assert.deepEqual(Object.values(nodeIn(cluster, 'master-1').concluded), ['healed']);
  });

  it('is its whole litter when it is terminated, and the next recovery goes on from its credential', async () => {
    const simulator = recoveries.host(brokenCluster('terminated'));
    const { cluster } = simulator;
    const run = await recoveries.start(cluster);
    simulator.fail('restartKubelet', 'PreconditionFailed', 1);
    await approve(run);
    await untilBlocked(run);
    const check = () => checkHealth(recoveries, 'terminated', false);
    assert.deepEqual(codesOf(await check()), ['KubeletAuthenticationFault'], 'an open run leaves nothing');

    await run.terminate('somebody was in a hurry');
    const found = await check();
    const litter = ['TemporaryCredentialLeft', 'UnfinishedRecoveryOnNode'];
    assert.deepEqual(codesOf(found), ['KubeletAuthenticationFault', ...litter]);
    assert.deepEqual(found.findings[0]?.remedy, { runbook: 'KubeletAuthRecovery', target: 'master-1' });

    const next = await recoveries.start(cluster);
    await approve(next);
    assert.equal((await ended(next)).outcome.status, 'healed');
    assert.deepEqual(
      codesOf(await check()),
      ['UnfinishedRecoveryOnNode'],
      'the first one still says nothing',
    );
  });
});
