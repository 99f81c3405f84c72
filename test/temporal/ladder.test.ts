import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { defaultPolicy } from '../../domain/policy.ts';
import { newCsr, startKubelet } from '../simulator/acts.ts';
import type { Simulator } from '../simulator/simulator.ts';
import { recordHistory } from './support/record-history.ts';
import { brokenCluster, nodeIn, type SimulatedCluster } from '../simulator/state.ts';
import { observationOf } from '../simulator/observe.ts';
import { classify } from '../../domain/kubelet/classify.ts';
import { masterOf } from '../support/observations.ts';
import { resolveStepUpdate } from '../../workflows/messages.ts';
import {
  approve,
  ended,
  serveClusters,
  untilBlocked,
  untilGate,
  type Recoveries,
} from './support/recoveries.ts';

const node = 'master-1';

interface Climb {
  rung: string;
  what: string;
  change: (cluster: SimulatedCluster) => void;
  effects: string[];
  breakGlass?: true;
}

const twoVotes = { votes: { ...defaultPolicy.votes, breakGlass: 2 } };

function goodBootstrap(cluster: SimulatedCluster): void {
  nodeIn(cluster, node).bootstrap = { sha256: 'b0'.repeat(32), kind: 'durable' };
}

const climbs: Climb[] = [
  {
    rung: 'R0',
    what: 'its one request is approved, and nothing is restarted',
    change: (cluster) => {
      goodBootstrap(cluster);
      cluster.csrs.push(newCsr(cluster, node));
    },
    effects: ['backup', 'approve uid-csr-1'],
  },
  {
    rung: 'R1',
    what: 'the certificate that still lies there is linked, and a durable bootstrap file follows',
    change: (cluster) => (nodeIn(cluster, node).kept = true),
    effects: ['backup', 'relink', 'restart', 'graduate'],
  },
  {
    rung: 'R2a',
    what: 'it is restarted with the bootstrap credential that it has',
    change: goodBootstrap,
    effects: ['backup', 'restart', 'approve uid-csr-1'],
  },
  {
    rung: 'R3',
    what: 'a request is made for it, and approved by its key',
    change: (cluster) => (cluster.bootstrapSecret = false),
    effects: ['backup', 'make key', 'file', 'approve uid-kar', 'install certificate', 'restart'],
  },
  {
    rung: 'R4a',
    what: 'cluster-admin is its bootstrap credential until it has a certificate, and is gone then',
    change: (cluster) => (cluster.mayApprove = false),
    effects: ['backup', 'lend admin', 'restart', 'graduate'],
    breakGlass: true,
  },
];

describe('A rung of the ladder', { concurrency: 4, timeout: 540_000 }, () => {
  let recoveries: Recoveries;
  const names = [
    ...climbs.map(({ rung }) => `rung-${rung.toLowerCase()}`),
    'rung-r4b',
    'rung-g',
    'rung-late',
    'rung-an-hour',
    'c9',
  ];
  before(async () => {
    recoveries = await serveClusters(names);
  });
  after(() => recoveries.close());

  for (const { rung, what, change, effects, breakGlass } of climbs) {
    it(`${rung}: ${what}`, async () => {
      const simulator = recoveries.host(brokenCluster(`rung-${rung.toLowerCase()}`, twoVotes));
      change(simulator.cluster);
      const recovery = await recoveries.start(simulator.cluster, breakGlass ? { breakGlass } : {});
      await approve(recovery);
      if (breakGlass) {
        assert.deepEqual(simulator.cluster.effects, [], 'one vote is not enough for cluster-admin');
        await approve(recovery, 'plan-1', 'heidi');
      }
      const { outcome } = await ended(recovery);
      assert.equal(outcome.status, 'healed', outcome.sentence);
      assertEffects(simulator, effects);
      assert.equal(standing(simulator.cluster), 'healthy');
    });
  }

  it('R4b: two people lend it cluster-admin while nobody signs; the debt is named, kept, and graduated once somebody can', async () => {
    const simulator = recoveries.host(brokenCluster('rung-r4b', twoVotes));
    simulator.cluster.signerAlive = false;
    const recovery = await recoveries.start(simulator.cluster, { breakGlass: true });
    await approve(recovery);
    await approve(recovery, 'plan-1', 'heidi');
    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'owed', outcome.sentence);
    assert.match(outcome.sentence, /as cluster-admin \(system:masters\), which is lent/);
    await recordHistory(recovery, 'kubelet-owed');
    assert.equal(outcome.owed?.keptBy, `workflow follow-up/rung-r4b/${node}`);
    assert.deepEqual(Object.values(nodeIn(simulator.cluster, node).concluded), ['left owing']);
    assertEffects(simulator, ['backup', 'lend admin', 'restart']);
    assert.equal(standing(simulator.cluster), 'latent');

    simulator.cluster.signerAlive = true;
    goodBootstrap(simulator.cluster);
    // What the controller-manager does by itself with the request of cluster-admin.
    nodeIn(simulator.cluster, node).certificate = 'present';
    delete nodeIn(simulator.cluster, node).runsAsAdmin;
    const graduation = await recoveries.start(simulator.cluster);
    await approve(graduation);
    assert.equal((await ended(graduation)).outcome.status, 'healed');
    assert.ok(simulator.cluster.effects.includes(`withdraw admin ${node}`));
    assert.equal(standing(simulator.cluster), 'healthy');
  });

  it('R0 blocks, and approves nothing, when a second request is younger than the kubelet just before its act', async () => {
    const simulator = recoveries.host(brokenCluster('rung-late'));
    goodBootstrap(simulator.cluster);
    simulator.cluster.csrs.push(newCsr(simulator.cluster, node));
    simulator.before('noteWaitingRequest', 1, (cluster) => cluster.csrs.push(newCsr(cluster, node)));
    const recovery = await recoveries.start(simulator.cluster);
    await approve(recovery);
    const { blocked } = await untilBlocked(recovery);
    assert.equal(blocked.errorType, 'TwoMatchingCsrs');
    assert.ok(blocked.choices.includes('abort'), 'it has taken nothing away, and may stop');
    assert.deepEqual(simulator.cluster.effects, [`back up ${node}`]);
    await recovery.executeUpdate(resolveStepUpdate, {
      args: [{ stepId: 'approve-csr', action: 'abort', by: 'grace', reason: 'two of them' }],
    });
    assert.equal((await ended(recovery)).outcome.status, 'aborted');
  });

  it('R0, on a vote that comes late: the kubelet has left by itself meanwhile, and what it files now is approved', async () => {
    const simulator = recoveries.host(brokenCluster('rung-an-hour'));
    const { cluster } = simulator;
    goodBootstrap(cluster);
    const hourAgo = Date.now() - 3_600_000;
    startKubelet(cluster, node, new Date(hourAgo));
    const recovery = await recoveries.start(cluster);
    await untilGate(recovery);
    for (let left = 1; left <= 12; left++) startKubelet(cluster, node, new Date(hourAgo + left * 300_000));
    await approve(recovery);
    assert.equal((await ended(recovery)).outcome.status, 'healed');
    assertEffects(simulator, ['backup', 'approve uid-csr-13']);
    assert.equal(cluster.csrs.filter(({ state }) => state === 'Approved').length, 1);
  });

  it('C9: of three lost masters each run mends one, until none is left', async () => {
    const simulator = recoveries.host(brokenCluster('c9', {}, 'master-0'));
    for (const other of ['master-1', 'master-2'])
      simulator.cluster.nodes[other] = brokenCluster('c9', {}, other).nodes[other]!;
    for (const target of ['master-0', 'master-1', 'master-2']) {
      const recovery = await recoveries.start(simulator.cluster);
      await approve(recovery);
      const { outcome, state } = await ended(recovery);
      assert.deepEqual([state.plan?.target, outcome.status], [target, 'healed'], outcome.sentence);
    }
  });
});

function assertEffects({ cluster }: Simulator, expected: string[]): void {
  const begins = expected.map((effect) => effect.replace(/^backup$/, 'back up'));
  assert.equal(cluster.effects.length, begins.length, cluster.effects.join(', '));
  for (const [index, begin] of begins.entries()) assert.ok(cluster.effects[index]?.startsWith(begin), begin);
}

function standing(cluster: SimulatedCluster): string {
  const observation = observationOf(cluster, new Date());
  return classify(masterOf(observation, node), observation).standing;
}
