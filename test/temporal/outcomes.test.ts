import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ApplicationFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { WorkflowFailedError } from '@temporalio/client';
import { abortUpdate, recoveryWorkflowId, runbookQueue, voteUpdate } from '../../workflows/messages.ts';
import { brokenCluster, healthyCluster, nodeIn } from '../simulator/state.ts';
import { recordHistory } from './support/record-history.ts';
import {
  approve,
  ended,
  serveClusters,
  untilGate,
  untilState,
  type Recoveries,
} from './support/recoveries.ts';

const names = [
  'healed',
  'healthy',
  'observed-only',
  'dry',
  'rejected',
  'expired',
  'resolved',
  'drifting',
  'drifted-late',
  'two-votes',
  'twice',
  'silent',
  'aborted-at-gate',
  'withdrawn',
  'blip',
  'stopped-early',
  'roundabout',
];

describe('KubeletAuthRecovery ends', { concurrency: 4, timeout: 540_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters(names);
  });
  after(() => recoveries.close());

  it('healed also while the API endpoint is down, and the report says through which master it was read', async () => {
    const simulator = recoveries.host(brokenCluster('roundabout'));
    const { cluster } = simulator;
    cluster.detour = 'master-0';
    // While the last steps are done the endpoint is there again.
    simulator.before('restartKubelet', 1, () => delete cluster.detour);
    const recovery = await recoveries.start(cluster);
    await approve(recovery);
    const { outcome, state, report } = await ended(recovery);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    const told = state.timeline.filter(({ text }) => text.includes('does not answer'));
    assert.equal(told.length, 1, 'once, not at every look');
    assert.match(report, /does not answer .*read through the API server on master-0/);
  });

  it('healed, when a person approves: every step once, in the order of the plan', async () => {
    const { cluster } = recoveries.host(brokenCluster('healed'));
    const recovery = await recoveries.start(cluster);
    await approve(recovery);
    const { outcome, state, report } = await ended(recovery);

    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.deepEqual(cluster.effects, [
      'back up master-1',
      'install bootstrap master-1',
      'restart master-1',
      'approve uid-csr-1',
      'graduate master-1',
    ]);
    assert.deepEqual(
      state.steps.map((step) => step.state),
      state.steps.map(() => 'done'),
    );
    assert.deepEqual(
      outcome.votes.map((vote) => vote.by),
      ['grace'],
    );
    assert.match(report, /healed/);
    assert.doesNotMatch(report, /endpoint/);
    const { searchAttributes } = await recovery.describe();
    assert.deepEqual(
      [searchAttributes['ClusterId'], searchAttributes['RunbookPhase'], searchAttributes['IncidentState']],
      [['healed'], ['closed'], ['healed']],
    );
    assert.deepEqual(searchAttributes['ApprovalState'], ['approved']);
    await recordHistory(recovery, 'healed');
  });

  it('refused, when the node is healthy: nothing is written and no gate opens', async () => {
    const { cluster } = recoveries.host(healthyCluster('healthy'));
    const recovery = await recoveries.start(cluster, { node: 'master-1' });
    const { outcome, state } = await ended(recovery);
    assert.equal(outcome.reason, 'NodeHealthy');
    assert.equal(outcome.status, 'refused');
    assert.equal(state.gate, undefined);
    assert.deepEqual(cluster.effects, []);
    await recordHistory(recovery, 'refused');
  });

  it('refused, with its plan shown, when the inventory says nothing about approvals', async () => {
    const { cluster } = recoveries.host(brokenCluster('observed-only', { approvals: 'none' }));
    const { outcome, state } = await ended(await recoveries.start(cluster));
    assert.equal(outcome.reason, 'ApprovalsNotConfigured');
    assert.equal(state.plan?.target, 'master-1');
    assert.equal(state.gate, undefined);
    assert.deepEqual(cluster.effects, []);
  });

  it('as a dry run, with the plan and its digest, before any gate', async () => {
    const { cluster } = recoveries.host(brokenCluster('dry'));
    const { outcome, state } = await ended(await recoveries.start(cluster, { dryRun: true }));
    assert.equal(outcome.status, 'dry-run');
    assert.match(state.digest ?? '', /^[0-9a-f]{64}$/);
    assert.equal(state.gate, undefined);
    assert.deepEqual(cluster.effects, []);
  });

  it('rejected, when a person says no', async () => {
    const { cluster } = recoveries.host(brokenCluster('rejected'));
    const recovery = await recoveries.start(cluster);
    const { gate } = await untilGate(recovery);
    const vote = {
      gate: gate!.id,
      nonce: gate!.nonce,
      decision: 'reject' as const,
      by: 'grace',
      reason: 'not tonight',
    };
    await recovery.executeUpdate(voteUpdate, { args: [vote] });
    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'rejected');
    assert.match(outcome.sentence, /grace.*not tonight/);
    assert.deepEqual(cluster.effects, []);
    await recordHistory(recovery, 'rejected');
  });

  it('expired, when nobody answers, after having reminded; never approved by time', async () => {
    const policy = { gateDeadlineMs: 5_000, remindEveryMs: 500 };
    const { cluster } = recoveries.host(brokenCluster('expired', policy));
    const { outcome, state } = await ended(await recoveries.start(cluster));
    assert.equal(outcome.status, 'expired');
    assert.ok(state.timeline.some(({ text }) => text.startsWith('Still waiting for approval of plan-1')));
    assert.deepEqual(cluster.effects, []);
  });

  it('resolved, when the fault goes away while it waits', async () => {
    const { cluster } = recoveries.host(brokenCluster('resolved', { reobserveEveryMs: 200 }));
    const recovery = await recoveries.start(cluster);
    await untilGate(recovery);
    Object.assign(cluster, { nodes: healthyCluster('resolved').nodes });
    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'resolved');
    assert.equal(outcome.reason, 'FaultGone');
    assert.deepEqual(cluster.effects, []);
  });

  it('healed by the second gate, when the plan drifted while it waited: the first vote opens nothing any more', async () => {
    const { cluster } = recoveries.host(brokenCluster('drifting', { reobserveEveryMs: 200 }));
    const recovery = await recoveries.start(cluster);
    const { gate: first } = await untilGate(recovery);
    nodeIn(cluster, 'master-1').bootstrap.sha256 = 'ef'.repeat(32);
    const { gate: second, timeline } = await untilGate(recovery, 'plan-2');
    assert.notEqual(second?.nonce, first?.nonce);
    assert.notEqual(second?.digest, first?.digest);
    assert.ok(
      timeline.some(({ text }) => text.includes('plan-1 is void') && text.includes('bootstrap')),
      JSON.stringify(timeline),
    );

    const old = {
      gate: 'plan-1',
      nonce: first!.nonce,
      decision: 'approve' as const,
      by: 'grace',
      reason: 'late',
    };
    await assert.rejects(recovery.executeUpdate(voteUpdate, { args: [old] }), (error: Error) =>
      (error.cause as Error).message.includes(second!.nonce),
    );
    assert.deepEqual(cluster.effects, []);
    await approve(recovery, 'plan-2');
    assert.equal((await ended(recovery)).outcome.status, 'healed');
  });

  it('never on an approval of another plan: what drifted between the look and the vote opens a new gate', async () => {
    const simulator = recoveries.host(brokenCluster('drifted-late'));
    const { cluster } = simulator;
    simulator.before('observeControlPlane', 2, () => {
      nodeIn(cluster, 'master-1').bootstrap.sha256 = 'ef'.repeat(32);
    });
    const recovery = await recoveries.start(cluster);
    await approve(recovery);
    const { gate } = await untilGate(recovery, 'plan-2');
    assert.deepEqual(gate?.votes, []);
    assert.deepEqual(cluster.effects, []);
    await approve(recovery, 'plan-2', 'edsger');
    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'healed');
    assert.deepEqual(
      outcome.votes.map((vote) => `${vote.gate} ${vote.by}`),
      ['plan-1 grace', 'plan-2 edsger'],
    );
  });

  it('only after as many distinct approvals as the policy asks for', async () => {
    const votes = { reversible: 2, irreversible: 2, breakGlass: 2 };
    const { cluster } = recoveries.host(brokenCluster('two-votes', { votes }));
    const recovery = await recoveries.start(cluster);
    await approve(recovery);
    await assert.rejects(approve(recovery, 'plan-1', 'Grace '), /.*/);
    assert.deepEqual(cluster.effects, []);
    await approve(recovery, 'plan-1', 'edsger');
    assert.equal((await ended(recovery)).outcome.status, 'healed');
  });

  it('once, however often it is started: the id is the lock, and no other id is taken', async () => {
    const { cluster } = recoveries.host(brokenCluster('twice'));
    const recovery = await recoveries.start(cluster);
    await assert.rejects(recoveries.start(cluster), WorkflowExecutionAlreadyStartedError);
    const { client } = recoveries.temporal;
    const again = await client.workflow.start('KubeletAuthRecovery', {
      workflowId: recoveryWorkflowId('twice'),
      taskQueue: runbookQueue,
      args: [{ cluster: 'twice', requester: 'ada', origin: 'cli' }],
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
    assert.equal(again.firstExecutionRunId, recovery.firstExecutionRunId);

    const elsewhere = await client.workflow.start('KubeletAuthRecovery', {
      workflowId: 'my-own-recovery',
      taskQueue: runbookQueue,
      args: [{ cluster: 'twice', requester: 'ada', origin: 'cli' }],
    });
    await assert.rejects(elsewhere.result(), (error: WorkflowFailedError) => {
      assert.ok(error.cause instanceof ApplicationFailure);
      return error.cause.type === 'BadRequest' && error.cause.message.includes('recovery/twice');
    });
    await untilGate(recovery);
    await recovery.executeUpdate(abortUpdate, { args: [{ by: 'ada', reason: 'enough' }] });
    assert.equal((await ended(recovery)).outcome.status, 'aborted');
  });

  it('healed without delay, when a look hangs while the vote comes', async () => {
    const simulator = recoveries.host(brokenCluster('silent', { reobserveEveryMs: 200 }));
    const { promise: silence, resolve: release } = Promise.withResolvers<void>();
    simulator.intercept('observeControlPlane', async (perform, call) => {
      if (call === 2) await silence;
      return await perform();
    });
    const recovery = await recoveries.start(simulator.cluster);
    await untilState(
      recovery,
      () => simulator.calls.filter((name) => name === 'observeControlPlane').length === 2,
    );
    await approve(recovery);
    const { outcome } = await ended(recovery);
    release();
    assert.equal(outcome.status, 'healed');
  });

  it('aborted, when a person stops it at the gate', async () => {
    const { cluster } = recoveries.host(brokenCluster('aborted-at-gate'));
    const recovery = await recoveries.start(cluster);
    await untilGate(recovery);
    await recovery.executeUpdate(abortUpdate, { args: [{ by: 'ada', reason: 'wrong cluster' }] });
    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'aborted');
    assert.deepEqual(cluster.effects, []);
  });

  it('aborted at once, when a person stops it while the first look does not come back', async () => {
    const simulator = recoveries.host(brokenCluster('stopped-early'));
    const { promise: silence, resolve: release } = Promise.withResolvers<void>();
    simulator.intercept('observeControlPlane', async (perform) => {
      await silence;
      return await perform();
    });
    const recovery = await recoveries.start(simulator.cluster);
    await untilState(recovery, () => simulator.calls.includes('observeControlPlane'));
    await recovery.executeUpdate(abortUpdate, { args: [{ by: 'ada', reason: 'wrong cluster' }] });
    const { outcome } = await ended(recovery);
    release();
    assert.equal(outcome.status, 'aborted');
  });

  it('healed, when the signer is away for a moment just after the vote', async () => {
    const simulator = recoveries.host(brokenCluster('blip'));
    simulator.before('readPolicy', 2, ({ policy }) => {
      policy.reobserveEveryMs = 200;
    });
    simulator.before('observeControlPlane', 2, (cluster) => {
      cluster.signerAlive = false;
    });
    simulator.before('observeControlPlane', 3, (cluster) => {
      cluster.signerAlive = true;
    });
    const recovery = await recoveries.start(simulator.cluster);
    await approve(recovery);
    assert.equal((await ended(recovery)).outcome.status, 'healed');
  });

  it('refused, when the inventory stopped allowing it while a person approved', async () => {
    const simulator = recoveries.host(brokenCluster('withdrawn'));
    simulator.before('readPolicy', 2, ({ policy }) => {
      policy.approvals = 'none';
    });
    const recovery = await recoveries.start(simulator.cluster);
    await approve(recovery);
    assert.equal((await ended(recovery)).outcome.reason, 'ApprovalsNotConfigured');
    assert.deepEqual(simulator.cluster.effects, []);
  });
});
