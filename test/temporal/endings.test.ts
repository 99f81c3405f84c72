import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Cleanup } from '../../workflows/cleanup.ts';
import {
  abortUpdate,
  recoveryWorkflowId,
  resolveStepUpdate,
  runbookQueue,
  stateQuery,
  supersedeUpdate,
  voteUpdate,
} from '../../workflows/messages.ts';
import { brokenCluster, healthyCluster, nodeIn, type SimulatedNode } from '../simulator/state.ts';
import type { Simulator } from '../simulator/simulator.ts';
import {
  approve,
  ended,
  refusalOf,
  serveClusters,
  untilBlocked,
  untilGate,
  type Recoveries,
  type Recovery,
} from './support/recoveries.ts';
import { lastTask, reset } from './support/resets.ts';

const because = { by: 'grace', reason: 'wrong night' };
const leftRunId = '0b1c2d3e4f50';

describe('The end of a run that has acted says so:', { concurrency: 3, timeout: 540_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters(['half-cleaned', 'late', 'forgetful']);
  });
  after(() => recoveries.close());

  /** A run of Cleanup with two steps that have no undo, and the proof. */
  async function clean(name: string): Promise<{ simulator: Simulator; node: SimulatedNode; run: Recovery }> {
    const simulator = recoveries.host(healthyCluster(name));
    const node = nodeIn(simulator.cluster, 'master-1');
    node.backups[leftRunId] = { sha256: 'de'.repeat(32), kind: 'rejected' };
    node.bootstrap = { sha256: '0a'.repeat(32), kind: 'temporary', by: leftRunId };
    const run = await recoveries.temporal.client.workflow.start<typeof Cleanup>('Cleanup', {
      workflowId: recoveryWorkflowId(name),
      taskQueue: runbookQueue,
      args: [{ cluster: name, requester: 'ada', origin: 'cli' }],
    });
    return { simulator, node, run };
  }

  it('an aborted Cleanup names what is done and stays', async () => {
    const { simulator, node, run } = await clean('half-cleaned');
    simulator.fail('concludeRun', 'NodeScriptFailed');
    await approve(run);
    await untilBlocked(run);
    await run.executeUpdate(abortUpdate, { args: [because] });
    const { outcome } = await ended(run);
    assert.equal(outcome.status, 'aborted');
    assert.equal(node.bootstrap.kind, 'durable', 'the first step was carried out');
    assert.match(outcome.sentence, /Done, and not put back: bootstrap\./);
    assert.match(outcome.handOver ?? '', /"cpr clean half-cleaned"/);
  });

  it('an abort during the last step, though it was accepted, came too late', async () => {
    const { simulator, run } = await clean('late');
    simulator.intercept('observeControlPlane', async (perform) => {
      const { phase } = await run.query(stateQuery);
      if (phase === 'verifying') await run.executeUpdate(abortUpdate, { args: [because] });
      return await perform();
    });
    await approve(run);
    const { outcome } = await ended(run);
    assert.equal(outcome.status, 'healed');
    assert.match(outcome.sentence, /abort by grace \(wrong night\) came too late/);
  });

  it('after a Reset, when its new plan is rejected; and it gives the lock to nobody by being superseded', async () => {
    const simulator = recoveries.host(brokenCluster('forgetful'));
    simulator.fail('installBootstrapCredential', 'NodeScriptFailed');
    const first = await recoveries.start(simulator.cluster);
    await approve(first);
    await untilBlocked(first);
    const again = await reset(recoveries, first, lastTask);
    const { blocked } = await untilBlocked(again);
    const retry = { ...because, stepId: blocked.stepId, action: 'retry' } as const;
    await again.executeUpdate(resolveStepUpdate, { args: [retry] });
    const { gate } = await untilGate(again, 'plan-2');
    assert.deepEqual(simulator.cluster.effects, ['back up master-1']);

    const refused = await refusalOf(again.executeUpdate(supersedeUpdate, { args: [because] }));
    assert.equal(refused.type, 'NothingToSupersede');
    const no = { ...because, gate: gate!.id, nonce: gate!.nonce, decision: 'reject' } as const;
    await again.executeUpdate(voteUpdate, { args: [no] });
    const { outcome } = await ended(again);
    assert.equal(outcome.status, 'rejected');
    assert.doesNotMatch(`${outcome.sentence} ${outcome.handOver}`, /Nothing was done\.|changed nothing/);
    assert.match(outcome.sentence, /What it may have done before that stands/);
  });
});
