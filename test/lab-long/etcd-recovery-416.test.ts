import { after, test } from 'node:test';
import { atTheSameAddress, recoverFrom } from './support/etcd-cases.ts';
import { patchSpec } from './support/etcd-operator.ts';
import { openEtcdStage } from './support/etcd-recoveries.ts';
import { ownLab } from './support/own-lab.ts';

/** A lab of its own: with the older operator, and a node's address changes for good. The same cases as with the newer one. */
const { lab, close } = await ownLab('rec416', '10.98.0', '4.16');
// Two looks two minutes apart are shown in the other files.
const stage = await openEtcdStage({ seenFor: '20s' });
await stage.startWorker();
after(async () => {
  await stage[Symbol.asyncDispose]();
  await close();
});

test('a changed address, with everything behind the gate: replaced, and the override of somebody else is as it was', async (t) => {
  await patchSpec(lab, { unsupportedConfigOverrides: { theirs: { kept: true } } });
  await recoverFrom(t, stage, { fault: 'etcd-address-change', node: 'master-2' });
  await patchSpec(lab, { unsupportedConfigOverrides: null });
});

test('lost data', async (t) => {
  await recoverFrom(t, stage, { fault: 'etcd-data-lost', node: 'master-1' });
});

for (const { claim, ...broken } of atTheSameAddress) {
  test(claim, async (t) => {
    await recoverFrom(t, stage, broken);
  });
}
