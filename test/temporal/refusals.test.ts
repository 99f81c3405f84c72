import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { RefusalReason } from '../../domain/verdict.ts';
import { newCsr } from '../simulator/acts.ts';
import { brokenCluster, healthyCluster, nodeIn, type SimulatedCluster } from '../simulator/state.ts';
import { ended, serveClusters, type Recoveries } from './support/recoveries.ts';

type Change = (cluster: SimulatedCluster) => void;

const patient = 'master-1';

/** The incident and one thing more; all of them must end before anything is touched. */
const refusals: [string, RefusalReason, Change][] = [
  ['the node is healthy', 'NodeHealthy', (cluster) => (cluster.nodes = healthyCluster('refusing').nodes)],
  [
    'the node is unreachable by ssh',
    'NodeUnreachable',
    (cluster) => (nodeIn(cluster, patient).sshReachable = false),
  ],
  ['its kubelet is stopped', 'KubeletStopped', (cluster) => (nodeIn(cluster, patient).kubeletActive = false)],
  [
    "another master's etcd is unhealthy",
    'OtherMasterUnhealthy',
    (cluster) => (nodeIn(cluster, 'master-2').etcdHealthy = false),
  ],
  [
    "another master's API server is unhealthy",
    'OtherMasterUnhealthy',
    (cluster) => (nodeIn(cluster, 'master-0').apiServerHealthy = false),
  ],
  [
    'another master cannot be looked at',
    'OtherMasterUnknown',
    (cluster) => (nodeIn(cluster, 'master-2').sshReachable = false),
  ],
  ['nobody signs certificates', 'SignerDown', (cluster) => (cluster.signerAlive = false)],
  ['the API does not answer', 'ApiUnreachable', (cluster) => (cluster.apiReachable = false)],
  [
    'two requests match already',
    'TwoMatchingCsrs',
    (cluster) => {
      for (let count = 0; count < 2; count++) cluster.csrs.push(newCsr(cluster, patient));
    },
  ],
  [
    'the secret of the bootstrap token is gone, and we may not file a request for the node either',
    'BootstrapSecretMissing',
    (cluster) => Object.assign(cluster, { bootstrapSecret: false, mayFile: false }),
  ],
];

describe('KubeletAuthRecovery refuses by name, and touches nothing, when', { timeout: 540_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters(['refusing']);
  });
  after(() => recoveries.close());

  for (const [what, reason, change] of refusals) {
    it(what, async () => {
      const simulator = recoveries.host(brokenCluster('refusing'));
      change(simulator.cluster);
      await refusedAs(
        reason,
        simulator.cluster,
        await recoveries.start(simulator.cluster, { node: patient }),
      );
      assert.deepEqual(new Set(simulator.calls), looks);
    });
  }

  it('the node is none of the masters', async () => {
    const { cluster } = recoveries.host(brokenCluster('refusing'));
    await refusedAs('UnknownNode', cluster, await recoveries.start(cluster, { node: 'worker-7' }));
  });
});

const looks = new Set(['readPolicy', 'observeControlPlane', 'decideKubeletAuthRecovery']);

async function refusedAs(
  reason: RefusalReason,
  cluster: SimulatedCluster,
  recovery: Awaited<ReturnType<Recoveries['start']>>,
): Promise<void> {
  const { outcome, state } = await ended(recovery);
  assert.equal(outcome.status, 'refused');
  assert.equal(outcome.reason, reason, outcome.sentence);
  assert.ok(outcome.handOver, 'says what to do instead');
  assert.equal(state.gate, undefined);
  assert.deepEqual(cluster.effects, []);
}
