import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { atTheSameAddress, recoverFrom } from './support/etcd-cases.ts';
import { patchSpec } from './support/etcd-operator.ts';
import { openEtcdStage } from './support/etcd-recoveries.ts';
import { ownLab } from './support/own-lab.ts';

/** A lab of its own: with the newer operator, and a node's address changes for good. */
const { lab, close } = await ownLab('recmain', '10.97.0', 'main');
const stage = await openEtcdStage();
await stage.startWorker();
after(async () => {
  await stage[Symbol.asyncDispose]();
  await close();
});

/** The order is that of a JSON object's keys: whoever writes it anew, and not only his own key, shows. */
const THEIRS = { zeta: [1, { b: 2, a: 1 }], controllers: { 'etcd-defrag': 'a "quoted" word' } };

test('lost data: quarantined, removed, added again by the operator, all on one vote', async (t) => {
  await recoverFrom(t, stage, { fault: 'etcd-data-lost', node: 'master-1' });
});

test('a changed address, among overrides of other people: replaced, and theirs are as they were', async (t) => {
  await patchSpec(lab, { unsupportedConfigOverrides: THEIRS });
  const { report } = await recoverFrom(t, stage, { fault: 'etcd-address-change', node: 'master-2' });
  assert.match(report, new RegExp(lab.address('master-2').replaceAll('.', '\\.')));
  await patchSpec(lab, { unsupportedConfigOverrides: null });
});

for (const { claim, ...broken } of atTheSameAddress) {
  test(claim, async (t) => {
    await recoverFrom(t, stage, broken);
  });
}
