import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Decrypter } from 'age-encryption';
import { renewCertificates } from '../../activities/act/etcd/certificates.ts';
import { removeMember } from '../../activities/act/etcd/change-member.ts';
import { copySnapshot } from '../../activities/act/etcd/copy.ts';
import { quarantineEtcd, restoreEtcd } from '../../activities/act/etcd/quarantine.ts';
import { forceRedeployment } from '../../activities/act/etcd/redeploy.ts';
import { takeSnapshot } from '../../activities/act/etcd/snapshot.ts';
import { pauseRemediators, resumeRemediators } from '../../activities/act/remediators.ts';
import { createNodeLane } from '../../activities/connections/node-lane.ts';
import { isFailure } from '../../activities/failure.ts';
import { scriptHashes } from '../../activities/node-scripts/scripts.ts';
import { memberId } from '../../domain/etcd/member-id.ts';
import { certificateSecrets } from '../../domain/etcd/names.ts';
import type { EtcdPins } from '../../domain/etcd/pins.ts';
import { faultNamed } from '../../lab/faults/index.ts';
import { silentProgress } from '../../lab/host/progress.ts';
import { labDown, labUp } from '../../lab/lab.ts';
import { loadInventory } from '../../worker/config/inventory.ts';
import { memberLines, revisionOf, untilSettled, untilThreeVoters } from './support/etcd-operator.ts';

/** A lab of its own: what follows takes a member away. */
process.env['CPR_LAB_NAME'] = 'etcdacts';
process.env['CPR_LAB_SUBNET'] = '10.97.0';
const progress = silentProgress();
const lab = await labUp({ progress, platform: 'main' });
after(() => labDown({ progress }));

const { clusters } = await loadInventory(lab.inventory);
const connection = clusters[lab.name] ?? assert.fail('the lab is in its inventory');
const lane = createNodeLane(connection);
const { signal } = new AbortController();
const reach = { cluster: connection, lane, signal };
const copies = mkdtempSync(join(tmpdir(), 'cpr-copies-'));
after(() => rmSync(copies, { recursive: true }));

const NODE = 'master-2';
const recipient = connection.snapshots?.recipient ?? assert.fail('the lab has a key for copies');
await untilSettled(lab, 2);
const pins = await pinsOf(NODE);

interface ListedMember {
  id: string;
  peerUrls: string[];
}

async function pinsOf(node: string): Promise<EtcdPins> {
  const lines = await memberLines(lab, 'master-0');
  const members = new Map(lines.map((line) => line.split(', ')).map((parts) => [parts[2] ?? '', parts]));
  const of = (name: string): ListedMember => {
    const [id = '', , , peers = ''] = members.get(name) ?? assert.fail(`${name} is a member`);
    return { id, peerUrls: peers.split(',') };
  };
  const status = await lab.etcdctl('master-0', ['-w', 'fields', 'member', 'list']);
  const [, cluster = ''] = /"ClusterID" : (\d+)/.exec(status) ?? [];
  const { metadata } = await lab.api.get<{ metadata: { uid: string } }>(`/api/v1/nodes/${node}`);
  const pin = (name: string) => ({ node: name, memberId: of(name).id, peerUrls: of(name).peerUrls });
  return {
    runId: 'er-acts-1',
    scripts: scriptHashes(),
    clusterId: memberId(cluster, 'decimal') ?? '',
    cause: 'data-lost',
    strategy: 'replace',
    operator: 'revision-gated',
    target: { node, nodeUid: metadata.uid, addresses: [lab.address(node)], member: of(node) },
    executor: pin('master-0'),
    survivors: [pin('master-0'), pin('master-1')],
    certificates: { cure: 'drop-from-all-certs', secrets: certificateSecrets(node) },
    overrides: 'absent',
    remediators: [
      { kind: 'MachineHealthCheck', namespace: 'openshift-machine-api', name: 'control-plane' },
      { kind: 'NodeHealthCheck', namespace: '', name: 'control-plane' },
    ],
    recipient,
  };
}

test('a snapshot is taken, verified, and copied in a form that only the private key opens', async () => {
  const snapshot = await takeSnapshot(lane, pins, signal);
  assert.equal(snapshot.changed, true);
  const { stdout } = await lab.sh('master-0', ['stat', '-c', '%a %s', snapshot.path]);
  assert.equal(stdout.trim(), `600 ${snapshot.bytes}`);
  assert.equal((await takeSnapshot(lane, pins, signal)).changed, false);
  const left = await lab.sh('master-0', ['sh', '-c', 'ls -A /var/lib/etcd']);
  assert.doesNotMatch(left.stdout, /cpr-snapshot/, 'nothing is left beside the data');

  const here = { ...connection, snapshots: { directory: copies, recipient, keep: { copies: 1 } } };
  const copying = { cluster: here, lane, signal };
  const { path, changed } = await copySnapshot(copying, pins, snapshot);
  assert.equal(changed, true);
  const encrypted = readFileSync(path);
  assert.match(encrypted.toString('latin1', 0, 30), /^age-encryption\.org\/v1\n/);
  assert.equal(encrypted.includes('/kubernetes.io/secrets'), false);
  const decrypter = new Decrypter();
  decrypter.addIdentity(readFileSync(join(lab.dir, 'snapshots.identity'), 'utf8').trim());
  const plain = await decrypter.decrypt(encrypted);
  assert.equal(createHash('sha256').update(plain).digest('hex'), snapshot.sha256);
  assert.equal((await copySnapshot(copying, pins, snapshot)).changed, false);
});

const goesOn = () => Promise.resolve(false);

test('remediators are paused in the name of the run, and resumed', async () => {
  const paused = await pauseRemediators(reach, pins, goesOn);
  assert.equal(paused.changed, true);
  const path = '/apis/machine.openshift.io/v1beta1/namespaces/openshift-machine-api/machinehealthchecks';
  const read = () => lab.api.get<{ metadata: { annotations?: object } }>(`${path}/control-plane`);
  assert.match(JSON.stringify((await read()).metadata.annotations), /cluster.x-k8s.io\/paused.*er-acts-1/);
  assert.equal((await pauseRemediators(reach, pins, goesOn)).changed, false);
  assert.equal((await resumeRemediators(reach, pins)).changed, true);
  assert.doesNotMatch(JSON.stringify((await read()).metadata), /paused/);
});

test('fresh certificates are left alone', async () => {
  const before = await revisionOf(lab);
  assert.equal((await renewCertificates(reach, pins)).changed, false);
  assert.equal(await revisionOf(lab), before);
});

test('data goes into quarantine, and comes back as long as its member is listed', async () => {
  const { directory, changed } = await quarantineEtcd(lane, pins, signal);
  assert.equal(changed, true);
  const { stdout } = await lab.sh(NODE, ['ls', directory]);
  assert.match(stdout, /^member$/m);
  assert.equal((await restoreEtcd(lane, pins, signal)).changed, true);
  await untilThreeVoters(lab, 'master-0');
  const left = await lab.sh(NODE, ['ls', '-A', '/var/lib/etcd']);
  assert.doesNotMatch(left.stdout, /quarantine/);
});

test('exactly the broken member is removed, its data never comes back, and its successor of the same name stays', async () => {
  await untilSettled(lab, 2);
  const fresh = { ...(await pinsOf(NODE)), runId: 'er-acts-2' };
  await faultNamed('etcd-data-lost').break(lab, NODE, { progress });
  const removed = await removeMember(lane, fresh, signal);
  assert.equal(removed.changed, true);
  assert.equal((await removeMember(lane, fresh, signal)).changed, false);
  await assert.rejects(restoreEtcd(lane, fresh, signal), (error) => isFailure(error, 'MemberRemoved'));
  await untilThreeVoters(lab, 'master-0', 15);
  assert.equal((await removeMember(lane, fresh, signal)).changed, false);
  const members = await memberLines(lab, 'master-0');
  assert.equal(members.length, 3);
  assert.ok(members.every((line) => !line.startsWith(fresh.target.member?.id ?? 'none')));
});

test('a redeployment is forced once for a run', async () => {
  await untilSettled(lab, 2);
  const before = await revisionOf(lab);
  assert.equal((await forceRedeployment(reach, pins)).changed, true);
  assert.equal((await forceRedeployment(reach, pins)).changed, false);
  await untilSettled(lab, before + 1, 15);
});
