import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type PeerCertificate } from 'node:tls';
import { test } from 'node:test';
import { parse } from 'yaml';
import { openApi } from '../../lab/cluster/api.ts';
import { approvePending, listCsrs } from '../../lab/cluster/approver.ts';
import { mirrorPods } from '../../lab/cluster/health.ts';
import { CPR_USER } from '../../lab/cluster/identity.ts';
import { faultNamed, fileRivalCsr } from '../../lab/faults/index.ts';
import { silentProgress } from '../../lab/host/progress.ts';
import { labUp, openLab, type Lab } from '../../lab/lab.ts';

const lab = await running();
const progress = silentProgress();

test('every master runs four static pods, and each mirror pod carries the hash of what runs', async () => {
  const mirrors = await mirrorPods(lab.api);
  assert.equal(mirrors.length, 12);
  for (const node of lab.masters) {
    const sandboxes = await runningHashes(lab, node);
    assert.equal(sandboxes.size, 4, node);
    for (const { name, hash, ready } of mirrors.filter((pod) => pod.node === node)) {
      assert.equal(hash, sandboxes.get(name), name);
      assert.ok(ready, `${name} is Ready`);
    }
  }
});

test('the audit log names who wrote what, and leaves the endless leases out', async () => {
  const name = `audit-${process.pid}-${Date.now()}`;
  const path = '/api/v1/namespaces/default/configmaps';
  await lab.api.send('POST', path, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
  await lab.api.send('DELETE', `${path}/${name}`);
  const events = await lab.auditEvents();
  const ours = events.filter((event) => event.name === name || event.requestURI.endsWith(name));
  assert.ok(ours.some(({ verb, user }) => verb === 'delete' && user === 'system:admin'));
  assert.ok(events.some(({ verb, resource }) => verb === 'create' && resource === 'configmaps'));
  assert.equal(events.filter(({ resource, user }) => resource === 'leases' && user !== CPR_USER).length, 0);
});

test("the audit log holds even the reads of cpr's identity, which has a token and no certificate", async () => {
  const since = new Date().toISOString();
  const { users } = parse(readFileSync(join(lab.dir, 'cpr.kubeconfig'), 'utf8')) as {
    users: { user: Record<string, string> }[];
  };
  const user = users[0]?.user ?? {};
  assert.deepEqual(Object.keys(user), ['token']);
  const cpr = openApi(lab.settings, lab.pki.read('kube-apiserver-server-ca.crt'), {
    token: user['token'] ?? '',
  });
  await cpr.get('/api/v1/nodes/master-0');
  const reads = await lab.auditEvents({ user: CPR_USER, since });
  assert.ok(reads.some(({ verb, name }) => verb === 'get' && name === 'master-0'));
  await assert.rejects(cpr.get('/api/v1/secrets'), /403/);
});

for (const [serverName, names] of Object.entries({
  'api-int.lab.test': 'DNS:api-int.lab.test',
  'api.lab.test': 'DNS:api.lab.test',
  localhost: 'DNS:localhost, IP Address:127.0.0.1',
  'localhost-recovery': 'DNS:localhost-recovery',
})) {
  test(`asked for as ${serverName}, the API shows a certificate that names nothing else`, async () => {
    const { certificate, error } = await handshake(lab, serverName);
    assert.equal(certificate.subjectaltname, names);
    assert.equal(error, undefined);
  });
}

test("reached by a master's address, the API shows a certificate that does not name it", async () => {
  const { certificate, error } = await handshake(lab, undefined);
  assert.match(certificate.subjectaltname ?? '', /^DNS:kubernetes,.*IP Address:172\.30\.0\.1$/);
  assert.match(error ?? 'trusted', /ALTNAME_INVALID/);
});

test('nobody approves by itself what an existing node asks for', async () => {
  const { name, uid } = await fileRivalCsr(lab, 'master-2');
  try {
    assert.deepEqual(await approvePending(lab.api, { clientsOf: [] }), []);
    assert.deepEqual(await approvePending(lab.api, { clientsOf: ['master-1'] }), []);
    const filed = (await listCsrs(lab.api)).find((csr) => csr.name === name);
    assert.equal(filed?.uid, uid);
    assert.ok(filed.pending);
    assert.equal(filed.node, 'master-2');
  } finally {
    await faultNamed('rival-csr').healByForce(lab, 'master-2', { progress });
  }
  assert.ok(!(await listCsrs(lab.api)).some((csr) => csr.name === name));
});

test('a second lab up finds the lab that is up', async () => {
  const said: string[] = [];
  await labUp({ progress: { ...progress, say: (text) => said.push(text) } });
  assert.deepEqual(said, ['The lab is already up.']);
});

async function running(): Promise<Lab> {
  const open = await openLab();
  assert.ok(open, 'the lab is up; npm run test:lab brings it up');
  return open;
}

interface Sandbox {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  state: string;
}

/** Pod name to the hash of the manifest that its sandbox was made from. */
async function runningHashes(of: Lab, node: string): Promise<Map<string, string>> {
  const { stdout } = await of.sh(node, ['crictl', 'pods', '-o', 'json']);
  const { items } = JSON.parse(stdout) as { items: Sandbox[] };
  const ready = items.filter(({ state }) => state === 'SANDBOX_READY');
  return new Map(
    ready.map(({ labels, annotations }) => [
      labels['io.kubernetes.pod.name'] ?? '',
      annotations['kubernetes.io/config.hash'] ?? '',
    ]),
  );
}

/** What master-0's API server shows, and why a client would not trust it under that name. */
function handshake(
  of: Lab,
  serverName: string | undefined,
): Promise<{ certificate: PeerCertificate; error: string | undefined }> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: of.address('master-0'),
      port: 6443,
      ca: of.pki.read('kube-apiserver-server-ca.crt'),
      ...(serverName === undefined ? {} : { servername: serverName }),
      rejectUnauthorized: false,
    });
    socket.on('error', reject);
    socket.on('secureConnect', () => {
      const error = socket.authorized ? undefined : String(socket.authorizationError);
      resolve({ certificate: socket.getPeerCertificate(), error });
      socket.end();
    });
  });
}
