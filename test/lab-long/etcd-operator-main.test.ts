import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MANIFESTS } from '../../lab/cluster/paths.ts';
import { changeAddress } from '../../lab/faults/etcd-address-change.ts';
import { faultNamed } from '../../lab/faults/index.ts';
import { silentProgress } from '../../lab/host/progress.ts';
import { labDown, labUp } from '../../lab/lab.ts';
import {
  etcdResource,
  hostnamesOfSecret,
  memberLines,
  NAMESPACE,
  override,
  patchSpec,
  revisionOf,
  secretOf,
  until,
  untilCondition,
  untilSettled,
  untilThreeVoters,
} from './support/etcd-operator.ts';

/** A lab of its own: what follows takes ten minutes and changes the address of a node. */
process.env['CPR_LAB_NAME'] = 'opmain';
process.env['CPR_LAB_SUBNET'] = '10.96.0';
const progress = silentProgress();
const lab = await labUp({ progress, platform: 'main' });
after(() => labDown({ progress }));

const MANIFEST = `${MANIFESTS}/etcd-pod.yaml`;
const NODE = 'master-2';

test('a healthy cluster looks as the real one does', async () => {
  await untilSettled(lab, 2);
  assert.equal(
    (await untilCondition(lab, 'EtcdMembersAvailable', 'True')).message,
    '3 members are available',
  );
  const progressing = await untilCondition(lab, 'NodeInstallerProgressing', 'False');
  assert.equal(progressing.reason, 'AllNodesAtLatestRevision');
  assert.equal(Object.keys((await secretOf(lab, 'etcd-all-certs')).data).length, 18);
  const { data } = await lab.api.get<{ data: Record<string, string> }>(
    `${NAMESPACE}/configmaps/etcd-endpoints`,
  );
  assert.deepEqual(
    Object.values(data).toSorted(),
    lab.masters.map((node) => lab.address(node)),
  );
});

test('an unhealthy member shuts the gate after the cache has noticed, and a forced redeployment waits behind it', async () => {
  const before = await revisionOf(lab);
  await lab.sh(NODE, ['mv', MANIFEST, '/var/tmp/etcd-pod.yaml']);
  assert.match(
    (await untilCondition(lab, 'GuardControllerDegraded', 'True')).message ?? '',
    /Missing operand on node master-2/,
  );
  const shut = await untilCondition(lab, 'RevisionControllerDegraded', 'True');
  assert.deepEqual(shut, {
    reason: 'SyncError',
    message:
      'CheckSafeToScaleCluster found 2 healthy member(s) out of the 3 required by the HAScalingStrategy',
  });
  assert.equal(
    (await untilCondition(lab, 'EtcdMembersDegraded', 'True')).message,
    '2 of 3 members are available, master-2 is unhealthy',
  );
  await patchSpec(lab, { forceRedeploymentReason: 'test-1' });
  await sleep(20_000);
  assert.equal(await revisionOf(lab), before);
});

test('a secret that is deleted while all nodes share a revision comes back with a new key', async () => {
  const before = await secretOf(lab, 'etcd-peer-master-2');
  await lab.api.send('DELETE', `${NAMESPACE}/secrets/etcd-peer-master-2`);
  await until(
    'the secret is there again',
    2,
    async () => (await secretOf(lab, 'etcd-peer-master-2')).data !== undefined || 'not yet',
  );
  const now = await secretOf(lab, 'etcd-peer-master-2');
  assert.notEqual(now.metadata.uid, before.metadata.uid);
  const key = now.data['tls.key'];
  assert.notEqual(key, before.data['tls.key']);
  // Otherwise it comes into the next roll-out, and makes another one when that is over.
  await until('etcd-all-certs has it too', 2, async () => {
    const { data } = await secretOf(lab, 'etcd-all-certs');
    return data['etcd-peer-master-2.key'] === key || 'not yet';
  });
});

test('the override opens the gate, and is needed no longer than until the revision is there; the installer puts the manifest back', async () => {
  const before = await revisionOf(lab);
  await override(lab, 'on');
  await until('a new revision', 2, async () => (await revisionOf(lab)) > before || 'not yet');
  await override(lab, 'off');
  assert.equal(
    (await untilCondition(lab, 'UnsupportedConfigOverridesUpgradeable', 'True')).reason,
    'NoUnsupportedConfigOverrides',
  );
  // Whose pod is missing comes first.
  const { nodeStatuses = [] } = (await etcdResource(lab)).status ?? {};
  assert.deepEqual(
    nodeStatuses.filter(({ targetRevision = 0 }) => targetRevision > 0).map(({ nodeName }) => nodeName),
    [NODE],
  );
  await untilSettled(lab, before + 1);
  assert.equal((await lab.sh(NODE, ['test', '-e', MANIFEST])).code, 0);
  await untilThreeVoters(lab, 'master-0');
});

test('after an address change the operator removes the stale member by itself, and then stands at its gate', async () => {
  await untilSettled(lab, 2);
  const before = await revisionOf(lab);
  await faultNamed('etcd-address-change').break(lab, NODE, { progress });
  await until('the certificates name the new address', 3, async () => {
    const [first = ''] = await hostnamesOfSecret(lab, 'etcd-peer-master-2');
    return first === lab.address(NODE) || first;
  });
  await until('the stale member removed', 5, async () => {
    const members = await memberLines(lab, 'master-0');
    return members.length === 2 || members.join('\n');
  });
  assert.equal(await revisionOf(lab), before, 'no revision without the override');
  await untilCondition(lab, 'RevisionControllerDegraded', 'True');
});

test('with the override for a moment it brings the node back as a learner, and promotes it', async () => {
  const before = await revisionOf(lab);
  await override(lab, 'on');
  await until('a new revision', 2, async () => (await revisionOf(lab)) > before || 'not yet');
  await override(lab, 'off');
  await untilThreeVoters(lab, 'master-0', 15);
  await untilSettled(lab, before + 1, 15);
  await untilCondition(lab, 'EtcdMembersAvailable', 'True', /^3 members are available$/);
});

test('an address that changes in mid-roll-out is a trap: certificates stay stale until a key is taken out of etcd-all-certs', async () => {
  const node = 'master-1';
  const old = lab.address(node);
  const before = await revisionOf(lab);
  await patchSpec(lab, { forceRedeploymentReason: 'test-2' });
  await until('a roll-out', 2, async () => (await revisionOf(lab)) > before || 'not yet');
  await changeAddress(lab, node, { progress, downMs: 5000 });
  await until('the node has a pod for its new address, without any override', 10, async () => {
    const { stdout } = await lab.sh(node, ['cat', MANIFEST]);
    return stdout.includes(`"${lab.address(node)}"`) || 'not yet';
  });
  const stale = (await memberLines(lab, 'master-0')).find((line) => line.includes(`https://${old}:2380`));
  assert.ok(stale, 'during a roll-out nobody removes it');
  await lab.etcdctl('master-0', ['member', 'remove', stale.split(',')[0] ?? '']);
  await until('the node is added as a learner', 5, async () => {
    const lines = await memberLines(lab, 'master-0');
    return lines.some((line) => line.includes(`https://${lab.address(node)}:2380`)) || lines.join('\n');
  });
  await sleep(60_000);
  assert.equal((await hostnamesOfSecret(lab, `etcd-peer-${node}`))[0], old, 'certificates stay stale');
  const lines = await memberLines(lab, 'master-0');
  assert.ok(
    lines.some((line) => line.includes(', unstarted, ')),
    'its peers refuse the old certificate',
  );
  await lab.api.send('PATCH', `${NAMESPACE}/secrets/etcd-all-certs`, {
    data: { [`etcd-serving-${node}.key`]: null },
  });
  await until('the certificates name the new address', 3, async () => {
    const [first = ''] = await hostnamesOfSecret(lab, `etcd-peer-${node}`);
    return first === lab.address(node) || first;
  });
  await untilThreeVoters(lab, 'master-0', 15);
  await untilSettled(lab, before + 1, 15);
});
