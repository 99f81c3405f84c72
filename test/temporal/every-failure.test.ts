import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { resolveStepUpdate } from '../../workflows/messages.ts';
import { failure } from '../simulator/failure.ts';
import type { Interception } from '../simulator/simulator.ts';
import { brokenCluster } from '../simulator/state.ts';
import { approve, ended, serveClusters, untilBlocked, type Recoveries } from './support/recoveries.ts';

/** Every activity after the vote, in the order of the story. */
const activities = [
  'backUpKubelet',
  'installBootstrapCredential',
  'recordCsrs',
  'restartKubelet',
  'approveKubeletCsr',
  'verifyKubeletRecovery',
  'installDurableBootstrap',
] as const;

/** Every way in which its first call may go wrong; after it all is well. */
const faults: Record<string, { blocks: boolean; first: Interception }> = {
  'fails for good before its effect': { blocks: true, first: () => Promise.reject(broken()) },
  'fails for good after its effect': {
    blocks: true,
    first: async (perform) => {
      await perform();
      throw broken();
    },
  },
  'loses its reply': {
    blocks: false,
    first: async (perform) => {
      await perform();
      throw new Error('socket hang up');
    },
  },
  'cannot reach the node for a moment': {
    blocks: false,
    first: () => Promise.reject(failure('NodeUnreachable', 'ssh: Connection timed out')),
  },
};

describe(
  'Whatever fails once after the vote, the node is healed and each act is done once:',
  {
    concurrency: 4,
    timeout: 540_000,
  },
  () => {
    let recoveries: Recoveries;
    before(async () => {
      recoveries = await serveClusters(activities);
    });
    after(() => recoveries.close());

    for (const activity of activities) {
      it(activity, async () => {
        for (const [what, { blocks, first }] of Object.entries(faults)) {
          const simulator = recoveries.host(brokenCluster(activity));
          simulator.intercept(activity, (perform, call) => (call === 1 ? first(perform, call) : perform()));
          const recovery = await recoveries.start(simulator.cluster);
          await approve(recovery);
          if (blocks) {
            const { blocked } = await untilBlocked(recovery);
            const retry = { stepId: blocked.stepId, action: 'retry' as const, by: 'grace', reason: 'mended' };
            await recovery.executeUpdate(resolveStepUpdate, { args: [retry] });
          }
          assert.equal((await ended(recovery)).outcome.status, 'healed', `${activity} ${what}`);
          const effects =
            activity === 'restartKubelet' && what.endsWith('after its effect') ? restartedTwice : once;
          assert.deepEqual(simulator.cluster.effects, effects, `${activity} ${what}`);
        }
      });
    }
  },
);

const once = [
  'back up master-1',
  'install bootstrap master-1',
  'restart master-1',
  'approve uid-csr-1',
  'graduate master-1',
];

/** Whether the kubelet's request is still that of the process that runs cannot be known: a retry restarts once more. */
const restartedTwice = [
  'back up master-1',
  'install bootstrap master-1',
  'restart master-1',
  'restart master-1',
  'approve uid-csr-2',
  'graduate master-1',
];

function broken(): Error {
  return failure('NodeScriptFailed', 'read-only file system');
}
