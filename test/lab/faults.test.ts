import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { listCsrs } from '../../lab/cluster/approver.ts';
import { mirrorPods } from '../../lab/cluster/health.ts';
import { faultNamed, fileRivalCsr } from '../../lab/faults/index.ts';
import { run } from '../../lab/host/run.ts';
import { silentProgress } from '../../lab/host/progress.ts';
import { openLab } from '../../lab/lab.ts';
import { sshConfigPath } from '../../lab/node/ssh.ts';

const lab = await openLab();
assert.ok(lab, 'the lab is up; npm run test:lab brings it up');
const options = { progress: silentProgress() };
const node = 'master-1';
let toHeal: string | undefined;

afterEach(async () => {
  if (toHeal !== undefined) await faultNamed(toHeal).healByForce(lab, node, options);
  toHeal = undefined;
});

test('kubelet-anonymous: the kubelet is nobody, its pods vanish from the API, its etcd goes on', async () => {
  const before = await etcdOf(node);
  const since = Math.floor(Date.now() / 1000);
  await breakWith('kubelet-anonymous');

  const journal = await output(`journalctl -u kubelet --since=@${since} -o cat`);
  assert.match(journal, /User "system:anonymous" cannot/);
  assert.match(journal, /cannot create certificate signing request: Unauthorized/);
  assert.deepEqual(await mirrorNames(), []);
  assert.deepEqual(await etcdOf(node), before);
  assert.equal(await output('ls /var/lib/kubelet/pki | grep -c ^kubelet-client || true'), '0\n');
  assert.match(
    await output('kubectl --kubeconfig=/etc/kubernetes/kubeconfig auth whoami 2>&1 || true'),
    /Unauthorized|must be logged in/,
  );

  await heal('kubelet-anonymous');
  assert.equal((await mirrorNames()).length, 4);
  assert.deepEqual(await etcdOf(node), before);
  const whoami =
    'kubectl --kubeconfig=/var/lib/kubelet/kubeconfig auth whoami -o jsonpath={.status.userInfo.username}';
  assert.equal(await output(whoami), `system:node:${node}`);
});

test('kubelet-anonymous, twice: what the first break kept outside the node is not lost', async () => {
  await breakWith('kubelet-anonymous');
  await breakWith('kubelet-anonymous');
  await heal('kubelet-anonymous');
  assert.equal((await mirrorNames()).length, 4);
});

test('kubelet-stopped: the unit is inactive, and the mirror pods lie', async () => {
  await breakWith('kubelet-stopped');
  assert.equal(await output('systemctl is-active kubelet || true'), 'inactive\n');
  assert.equal((await mirrorNames()).length, 4);
});

test('ssh-closed: ssh ends with 255, also over a connection that was shared before', async () => {
  const socket = `/tmp/cpr-test-${process.pid}.sock`;
  const shared = ['ssh', '-F', sshConfigPath(lab.settings), '-o', `ControlPath=${socket}`];
  // The master keeps its output open: not ours, or we would wait for its end.
  await run(['bash', '-c', `${shared.join(' ')} -fNM ${node} >/dev/null 2>&1`]);
  assert.equal((await run([...shared, node, 'true'])).code, 0, 'the shared connection works before');
  await breakWith('ssh-closed');
  assert.equal((await lab.ssh(node, ['true'])).code, 255);
  assert.equal((await run([...shared, node, 'true'])).code, 255);
});

test('rival-csr: a second request like the kubelet’s own is pending, at any moment', async () => {
  toHeal = 'rival-csr';
  const { uid } = await fileRivalCsr(lab, node);
  await breakWith('rival-csr');
  const pending = (await listCsrs(lab.api)).filter((csr) => csr.pending && csr.node === node);
  assert.equal(pending.length, 2);
  assert.ok(pending.some((csr) => csr.uid === uid));
});

test('etcd-member-stopped: that member alone is unhealthy, and comes back with its data', async () => {
  await breakWith('etcd-member-stopped');
  await assert.rejects(lab.etcdctl(node, ['endpoint', 'health']));
  await lab.etcdctl('master-0', ['put', '/lab-test', 'written meanwhile']);
  await heal('etcd-member-stopped');
  assert.match(await lab.etcdctl(node, ['get', '/lab-test']), /written meanwhile/);
  await lab.etcdctl(node, ['del', '/lab-test']);
});

test('node-off: nothing answers at the address; the other two masters go on', async () => {
  await breakWith('node-off');
  assert.equal((await lab.ssh(node, ['true'])).code, 255);
  await assert.rejects(lab.sh(node, ['true']), /not running/);
  await lab.api.get('/readyz');
  assert.match(await lab.etcdctl('master-0', ['endpoint', 'health']), /is healthy/);
});

test('node-frozen: ssh neither answers nor refuses', async () => {
  await breakWith('node-frozen');
  await assert.rejects(lab.ssh(node, ['true'], { timeoutMs: 1500 }), /was cut after 1.5 s/);
  await heal('node-frozen');
  assert.equal((await lab.ssh(node, ['true'])).code, 0);
});

async function breakWith(name: string): Promise<void> {
  toHeal = name;
  await faultNamed(name).break(lab!, node, options);
}

async function heal(name: string): Promise<void> {
  await faultNamed(name).healByForce(lab!, node, options);
  toHeal = undefined;
}

async function output(script: string): Promise<string> {
  const { code, stdout, stderr } = await lab!.sh(node, ['bash', '-c', script]);
  assert.equal(code, 0, stderr);
  return stdout;
}

async function mirrorNames(): Promise<string[]> {
  return (await mirrorPods(lab!.api)).filter((pod) => pod.node === node).map(({ name }) => name);
}

async function etcdOf(master: string): Promise<string[]> {
  const list = await lab!.containers(master);
  return list.filter(({ pod }) => pod === `etcd-${master}`).map(({ id, restarts }) => `${id} ${restarts}`);
}
