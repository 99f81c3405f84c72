import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  addressChanges,
  certificateBreaks,
  dataGoes,
  etcdMasterIn,
  healthyEtcd,
  type EtcdModel,
} from '../simulator/etcd/state.ts';
import { overridesOf } from '../simulator/etcd/operator.ts';
import { recordHistory } from './support/record-history.ts';
import { approve, ended, serveClusters, untilGate, type Recoveries } from './support/recoveries.ts';

const names = [
  'etcd-replaced',
  'etcd-all-gated',
  'etcd-in-place',
  'etcd-data-lost',
  'etcd-data-corrupt',
  'etcd-certificate',
  'etcd-removed-before',
  'etcd-healed-alone',
  'etcd-healed-at-gate',
  'etcd-five',
  'etcd-mid-roll-out',
];

describe('EtcdRecovery ends', { concurrency: 4, timeout: 600_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters(names);
  });
  after(() => recoveries.close());

  const carriedOut = async (cluster: EtcdModel) => {
    recoveries.host(cluster);
    const recovery = await recoveries.startEtcd(cluster);
    await approve(recovery);
    return { recovery, ...(await ended(recovery)) };
  };

  it('healed, after a change of address: the member is replaced, every step once, and nothing of ours is left', async () => {
    const cluster = addressChanges(healthyEtcd('etcd-replaced'));
    const { spec } = structuredClone(cluster.etcdObject) as { spec: unknown };
    const { recovery, outcome, state, report } = await carriedOut(cluster);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.deepEqual(cluster.effects, [
      'snapshot through master-0',
      'copy off node',
      'pause masters',
      'remove 8e9e05c52164694f',
      'set etcd-unsafe-override',
      'operator: revision 3',
      'put back etcd-unsafe-override',
      'operator: add a000000000000001',
      'operator: promote a000000000000001',
      'operator: revision 4',
      'resume masters',
    ]);
    assert.deepEqual((cluster.etcdObject as { spec: unknown }).spec, spec);
    assert.deepEqual(cluster.model.paused, [{ name: 'masters' }]);
    assert.deepEqual(state.pastPointOfNoReturn?.stepId, 'remove-member');
    for (const path of cluster.model.copies) assert.ok(report.includes(path), path);
    assert.match(report, /sudo rm -rf -- \/var\/lib\/etcd-recovery\//);
    await recordHistory(recovery, 'etcd-replaced');
  });

  it('healed on a release where everything is behind the gate: the certificates come with the override', async () => {
    const cluster = addressChanges(healthyEtcd('etcd-all-gated', { kind: 'all-gated' }));
    const { outcome } = await carriedOut(cluster);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.equal(etcdMasterIn(cluster, 'master-2').inAllCerts, '10.78.0.23');
    assert.ok(!cluster.effects.some((effect) => effect.startsWith('renew')));
  });

  it('healed in place, where the policy asks for it: same member, same data, three voters all the time', async () => {
    const cluster = addressChanges(healthyEtcd('etcd-in-place', { etcd: { inPlace: true } }));
    cluster.model.lag.machine = 'never';
    const { recovery, outcome, state } = await carriedOut(cluster);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.ok(cluster.effects.includes('update 8e9e05c52164694f to 10.78.0.23'), String(cluster.effects));
    assert.ok(!cluster.effects.some((effect) => effect.startsWith('remove') || effect.includes('add')));
    assert.equal(state.pastPointOfNoReturn, undefined);
    assert.deepEqual(
      cluster.model.members.map(({ id }) => id),
      ['8e9e05c52164694d', '8e9e05c52164694e', '8e9e05c52164694f'],
    );
    await recordHistory(recovery, 'etcd-healed-in-place');
  });

  it('healed after data was lost at the same address: removed and added again, and no guard is opened', async () => {
    const cluster = dataGoes(healthyEtcd('etcd-data-lost'));
    const { outcome } = await carriedOut(cluster);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.ok(!cluster.effects.some((effect) => effect.includes('override')), String(cluster.effects));
    assert.ok(cluster.effects.includes('operator: add a000000000000001'));
  });

  it('healed after data was corrupted: the data lies in quarantine, and the report says where and how it goes', async () => {
    const cluster = dataGoes(healthyEtcd('etcd-data-corrupt'), 'corrupt');
    const { outcome, report } = await carriedOut(cluster);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    const order = cluster.effects.map((effect) => effect.split(' ')[0]);
    assert.ok(order.indexOf('quarantine') < order.indexOf('remove'), String(order));
    assert.match(report, /sudo rm -rf -- \/var\/lib\/etcd\/quarantine-/);
  });

  it('healed after its certificate broke: the member stays, and a redeployment is asked for under the override', async () => {
    const cluster = certificateBreaks(healthyEtcd('etcd-certificate'));
    const { outcome } = await carriedOut(cluster);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.ok(!cluster.effects.some((effect) => effect.startsWith('remove')), String(cluster.effects));
    const at = (effect: string) => cluster.effects.indexOf(effect);
    assert.ok(at('set etcd-unsafe-override') < at('force redeployment'));
    assert.ok(at('force redeployment') < at('put back etcd-unsafe-override'));
  });

  it('healed when the operator has removed the member before: nothing is removed, and the rest is done', async () => {
    const cluster = addressChanges(healthyEtcd('etcd-removed-before'));
    cluster.model.members.pop();
    const { outcome, state } = await carriedOut(cluster);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.ok(!state.steps.some(({ id }) => id === 'remove-member'));
    assert.ok(!cluster.effects.some((effect) => effect.startsWith('remove')));
  });

  it('resolved when the operator heals the cluster while it is given the chance to: no gate opens, no act is done', async () => {
    const cluster = dataGoes(healthyEtcd('etcd-healed-alone', { etcd: { operatorGraceMs: 600_000 } }));
    const simulator = recoveries.host(cluster);
    simulator.before('observeEtcd', 3, () => {
      etcdMasterIn(cluster, 'master-2').data = 'sound';
    });
    const recovery = await recoveries.startEtcd(cluster);
    const { outcome, state } = await ended(recovery);
    assert.equal(outcome.status, 'resolved', outcome.sentence);
    assert.equal(state.gate, undefined);
    assert.ok(state.timeline.some(({ text }) => text.includes('the operator has 600 s to mend it')));
    assert.deepEqual(cluster.effects, []);
    await recordHistory(recovery, 'etcd-healed-by-operator');
  });

  it('resolved when the fault goes while people are awaited', async () => {
    const cluster = dataGoes(healthyEtcd('etcd-healed-at-gate'));
    recoveries.host(cluster);
    const recovery = await recoveries.startEtcd(cluster);
    await untilGate(recovery);
    etcdMasterIn(cluster, 'master-2').data = 'sound';
    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'resolved', outcome.sentence);
    assert.deepEqual(cluster.effects, []);
  });

  it('healed with five voters: the gate stays open, so no guard is switched off', async () => {
    const masters = ['master-0', 'master-1', 'master-2', 'master-3', 'master-4'];
    const cluster = addressChanges(healthyEtcd('etcd-five', { masters }), 'master-4');
    cluster.model.lag.revision = 10;
    const { outcome } = await carriedOut(cluster);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.ok(!cluster.effects.some((effect) => effect.includes('override')), String(cluster.effects));
    assert.equal(overridesOf(cluster), undefined);
    assert.equal(cluster.model.members.length, 5);
  });

  it('healed when the address changed in mid-roll-out, and the certificates had stayed stale', async () => {
    const cluster = addressChanges(healthyEtcd('etcd-mid-roll-out'));
    const { model } = cluster;
    model.latest = 3;
    model.revisions[3] = { ...model.revisions[2], 'master-2': '10.78.0.23' };
    for (const name of ['master-0', 'master-1']) etcdMasterIn(cluster, name).revision = 3;
    model.lag.installer = 8;
    const { outcome } = await carriedOut(cluster);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.ok(cluster.effects.includes('renew certificates of master-2'), String(cluster.effects));
  });
});
