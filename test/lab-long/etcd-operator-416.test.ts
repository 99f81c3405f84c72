import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { faultNamed } from '../../lab/faults/index.ts';
import { silentProgress } from '../../lab/host/progress.ts';
import { labDown, labUp } from '../../lab/lab.ts';
import {
  conditionOf,
  hostnamesOfSecret,
  memberLines,
  override,
  revisionOf,
  until,
  untilCondition,
  untilSettled,
  untilThreeVoters,
} from './support/etcd-operator.ts';

/** A lab of its own: it has the older operator, and a node's address changes. */
process.env['CPR_LAB_NAME'] = 'op416';
process.env['CPR_LAB_SUBNET'] = '10.95.0';
const progress = silentProgress();
const lab = await labUp({ progress, platform: '4.16' });
after(() => labDown({ progress }));

const NODE = 'master-2';

test('a changed address stops everything of the older operator but the removal, and the endpoints controller says so', async () => {
  await untilSettled(lab, 2);
  const before = await revisionOf(lab);
  const old = lab.address(NODE);
  await faultNamed('etcd-address-change').break(lab, NODE, { progress });
  const shut = await untilCondition(lab, 'EtcdEndpointsDegraded', 'True');
  assert.equal(shut.reason, 'ErrorUpdatingEtcdEndpoints');
  assert.match(
    shut.message ?? '',
    /^EtcdEndpointsController can't evaluate whether quorum is safe: etcd cluster has quorum of 2 /,
  );
  await until('the stale member removed', 5, async () => {
    const members = await memberLines(lab, 'master-0');
    return members.length === 2 || members.join('\n');
  });
  await sleep(30_000);
  assert.equal(await revisionOf(lab), before);
  assert.equal((await hostnamesOfSecret(lab, 'etcd-peer-master-2'))[0], old, 'certificates are frozen');
  assert.equal((await conditionOf(lab, 'RevisionControllerDegraded'))?.status, 'False', 'it has no gate');
});

test('the override for a moment moves endpoints, pod and certificates, and the node comes back', async () => {
  const before = await revisionOf(lab);
  await override(lab, 'on');
  await until('a new revision', 2, async () => (await revisionOf(lab)) > before || 'not yet');
  await override(lab, 'off');
  await until('the certificates name the new address', 2, async () => {
    const [first = ''] = await hostnamesOfSecret(lab, 'etcd-peer-master-2');
    return first === lab.address(NODE) || first;
  });
  await untilThreeVoters(lab, 'master-0', 15);
  await untilSettled(lab, before + 1, 15);
  await untilCondition(lab, 'EtcdEndpointsDegraded', 'False');
});
