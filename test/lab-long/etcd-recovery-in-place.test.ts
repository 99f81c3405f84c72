import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { faultNamed } from '../../lab/faults/index.ts';
import { silentProgress } from '../../lab/host/progress.ts';
import { ended } from '../lab/support/stage.ts';
import { recoverFrom, requireWhole } from './support/etcd-cases.ts';
import { memberLines } from './support/etcd-operator.ts';
import { openEtcdStage, recoverEtcd } from './support/etcd-recoveries.ts';
import { keptOn } from './support/left-behind.ts';
import { ownLab } from './support/own-lab.ts';

/** A lab of its own: a node's address changes for good. */
const { lab, close } = await ownLab('recplace', '10.91.0', 'main');
const stage = await openEtcdStage({ inPlace: true, seenFor: '20s' });
await stage.startWorker();
after(async () => {
  await stage[Symbol.asyncDispose]();
  await close();
});

const NODE = 'master-1';
const options = { progress: silentProgress() };

/** With its Machine at the old address the operator neither takes the stale member away nor adds another. */
test('a changed address, mended in place: the same member with its data, while its Machine never follows', async (t) => {
  await requireWhole(lab);
  const before = await memberIds();
  const stuck = faultNamed('machine-status-stuck');
  try {
    await stuck.break(lab, NODE, options);
    const { state } = await recoverFrom(t, stage, {
      fault: 'etcd-address-change',
      node: NODE,
      kept: (paths) => assert.deepEqual(quarantined(paths), [], 'no data was set aside'),
    });
    const steps = state.steps.map(({ id }) => id);
    assert.ok(steps.includes('update-member'), steps.join());
    assert.ok(!steps.includes('remove-member') && !steps.includes('quarantine'), steps.join());
    assert.deepEqual(await memberIds(), before, 'every member has kept its identity');
  } finally {
    await stuck.healByForce(lab, NODE, options);
  }
});

test('once it is mended, the same request is refused, and nothing is kept', async () => {
  await requireWhole(lab);
  const { outcome } = await ended(await recoverEtcd(stage, { node: NODE }), 5 * 60_000);
  assert.equal(outcome.reason, 'EtcdHealthy', outcome.sentence);
  assert.deepEqual(await keptOn(lab), []);
});

async function memberIds(): Promise<string[]> {
  return (await memberLines(lab, 'master-0')).map((line) => line.split(', ')[0] ?? '').toSorted();
}

function quarantined(paths: string[]): string[] {
  return paths.filter((path) => path.includes('/quarantine-'));
}
