import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import type { Lab } from '../../../lab/lab.ts';
import { memberLines, secretOf, until } from './etcd-operator.ts';

/** Three started voters, all of which answer a linearizable read and hold the same data at one revision. Looked at once, not waited for. */
export async function assertWhole(lab: Lab): Promise<void> {
  const members = await memberLines(lab, 'master-0');
  const voters = members.filter((line) => line.includes(', started, ') && line.endsWith('false'));
  assert.equal(members.length, 3, members.join('\n'));
  assert.equal(voters.length, 3, members.join('\n'));
  const peers = lab.masters.map((node) => `https://${lab.address(node)}:2380`);
  assert.deepEqual(voters.map((line) => line.split(', ')[3] ?? '').toSorted(), peers.toSorted());
  for (const node of lab.masters) await lab.etcdctl(node, ['endpoint', 'health']);
  assert.equal((await lab.etcdctl('master-0', ['alarm', 'list'])).trim(), '');
  await assertSameData(lab);
}

interface HashAnswer {
  HashKV: { hash: number; compact_revision?: number };
}

interface StatusAnswer {
  Status: { header: { revision: number } };
}

/** The three hashes at one revision. A compaction reaches one member a moment before the others, and changes the hash: asked again. */
async function assertSameData(lab: Lab): Promise<void> {
  await until('the same hash on all three members', 1, async () => {
    const status = await lab.etcdctl('master-0', ['endpoint', 'status', '-w', 'json']);
    const [first] = JSON.parse(status) as StatusAnswer[];
    const revision = `--rev=${first?.Status.header.revision}`;
    const hashes = await Promise.all(
      lab.masters.map(async (node) => {
        const answer = await lab.etcdctl(node, ['endpoint', 'hashkv', revision, '-w', 'json']);
        return (JSON.parse(answer) as HashAnswer[])[0]?.HashKV.hash;
      }),
    );
    return (new Set(hashes).size === 1 && hashes[0] !== undefined) || `${revision}: ${hashes.join(', ')}`;
  });
}

/** Every certificate of the node names the address that it has: in the secrets, in what the pods mount, and on the wire. */
export async function assertCertificatesNameAddress(lab: Lab, node: string): Promise<void> {
  await assertSecretsNameAddress(lab, node);
  const name = `IP Address:${lab.address(node)}`;
  assert.ok((await servedNames(lab.address(node))).includes(name), `what etcd on ${node} serves with`);
}

/** What the next revision would bring to the node. */
export async function assertSecretsNameAddress(lab: Lab, node: string): Promise<void> {
  const name = `IP Address:${lab.address(node)}`;
  const all = await secretOf(lab, 'etcd-all-certs');
  for (const kind of ['etcd-peer', 'etcd-serving', 'etcd-serving-metrics']) {
    const own = await secretOf(lab, `${kind}-${node}`);
    assert.ok(sansIn(own.data['tls.crt']).includes(name), `secret ${kind}-${node}`);
    assert.ok(sansIn(all.data[`${kind}-${node}.crt`]).includes(name), `${kind}-${node} in etcd-all-certs`);
  }
}

function sansIn(base64: string | undefined): string[] {
  if (base64 === undefined) return [];
  return (new X509Certificate(Buffer.from(base64, 'base64')).subjectAltName ?? '').split(', ');
}

function servedNames(host: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    // It wants a client certificate, and asks for it only after it has shown its own.
    const socket = connect({ host, port: 2379, rejectUnauthorized: false, timeout: 5000 }, () => {
      resolve((socket.getPeerCertificate().subjectaltname ?? '').split(', '));
      socket.destroy();
    });
    socket.on('timeout', () => socket.destroy(new Error(`${host}: no answer within 5 s`)));
    socket.on('error', reject);
  });
}
