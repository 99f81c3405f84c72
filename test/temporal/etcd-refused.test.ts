import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { RefusalReason } from '../../domain/verdict.ts';
import { dataGoes, etcdMasterIn, healthyEtcd, type EtcdModel } from '../simulator/etcd/state.ts';
import { recordHistory } from './support/record-history.ts';
import { ended, serveClusters, type Recoveries } from './support/recoveries.ts';

/** One case for each: data lost on master-2, and one more thing. */
const cases: [string, RefusalReason, (cluster: EtcdModel) => void][] = [
  ['nothing is wrong', 'EtcdHealthy', (cluster) => (etcdMasterIn(cluster, 'master-2').data = 'sound')],
  ['two of three are bad', 'QuorumLost', (cluster) => void dataGoes(cluster, 'lost', 'master-1')],
  ['it may come back by itself', 'MemberTransientlyBad', transient],
  ['a learner is in the way', 'LearnerInTheWay', (cluster) => void cluster.model.members.push(stranger())],
  ['etcd is out of space', 'EtcdOutOfSpace', (cluster) => (cluster.model.alarms = 'NOSPACE')],
  ['etcd calls its data corrupt', 'EtcdDataCorrupt', (cluster) => (cluster.model.alarms = 'CORRUPT')],
  ['a survivor lags', 'SurvivorLagging', (cluster) => (etcdMasterIn(cluster, 'master-1').behind = 20_000)],
  ['nobody manages the operator', 'OperatorUnmanaged', (cluster) => (cluster.model.managed = false)],
  ['somebody else has set the override', 'ForeignOverride', overridden],
  ['the release is not known', 'UnsupportedRelease', (cluster) => (cluster.model.version = '4.17.9')],
  ['an upgrade goes on, for longer than anybody waits', 'UpgradeInProgress', upgrading],
  ['its node is not Ready', 'NodeNotReady', (cluster) => (etcdMasterIn(cluster, 'master-2').ready = false)],
  ['its kubelet does not authenticate', 'KubeletNotAuthenticated', unauthenticated],
  ['the API does not answer', 'ApiUnreachable', (cluster) => (cluster.apiReachable = false)],
];

describe('EtcdRecovery refuses, and calls no act, when', { concurrency: 4, timeout: 600_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters(cases.map(([, reason]) => nameOf(reason)));
  });
  after(() => recoveries.close());

  for (const [name, reason, change] of cases) {
    it(`${name}: ${reason}`, async () => {
      const cluster = dataGoes(healthyEtcd(nameOf(reason)));
      change(cluster);
      const simulator = recoveries.host(cluster);
      const recovery = await recoveries.startEtcd(cluster);
      const { outcome, state } = await ended(recovery);
      assert.equal(outcome.reason, reason, outcome.sentence);
      assert.equal(outcome.status, 'refused');
      assert.ok(outcome.evidence.length > 0);
      assert.match(outcome.handOver ?? '', new RegExp(`docs/refusals.md#${reason.toLowerCase()}`));
      assert.equal(state.gate, undefined);
      const looks = ['readPolicy', 'observeEtcd', 'decideEtcdRecovery'];
      assert.deepEqual(
        simulator.calls.filter((call) => !looks.includes(call)),
        [],
      );
      assert.deepEqual(cluster.effects, []);
      if (reason === 'QuorumLost') await recordHistory(recovery, 'etcd-refused');
    });
  }
});

function nameOf(reason: RefusalReason): string {
  return `refused-${reason.toLowerCase()}`;
}

function transient(cluster: EtcdModel): void {
  Object.assign(etcdMasterIn(cluster, 'master-2'), { data: 'sound', stopped: true, restarting: true });
}

function stranger() {
  return { id: 'b1', name: '', address: '10.78.0.99', learner: true, started: false };
}

function overridden(cluster: EtcdModel): void {
  const theirs = { useUnsupportedUnsafeNonHANonProductionUnstableEtcd: true };
  cluster.etcdObject = { ...(cluster.etcdObject as object), spec: { unsupportedConfigOverrides: theirs } };
}

function upgrading(cluster: EtcdModel): void {
  cluster.model.upgrading = true;
  cluster.etcd.patienceMs = 0;
}

function unauthenticated(cluster: EtcdModel): void {
  etcdMasterIn(cluster, 'master-2').kubelet = 'unauthenticated';
}
