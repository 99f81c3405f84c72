import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { lstatSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { isFailure } from '../../../activities/failure.ts';
import type { NodeScriptName } from '../../../activities/node-scripts/scripts.ts';
import { certificate } from '../support/certificates.ts';
import { fakeNode, kubeconfigText, nodeServer, type FakeNode } from '../support/fake-node.ts';

const node = 'master-1';
const own = 'var/lib/kubelet/kubeconfig';
const pki = 'var/lib/kubelet/pki';
const runDirectory = 'var/lib/kubelet-recovery/kar-1';

function run(on: FakeNode, script: NodeScriptName, args: string[]) {
  return on.lane.run({ node, script, runId: 'kar-1', args, input: '', timeoutMs: 30_000 });
}

async function backedUp(t: TestContext): Promise<FakeNode> {
  const on = fakeNode(t);
  await run(on, 'back-up-kubelet.sh', [node]);
  return on;
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

describe('the scripts of the ladder', { concurrency: 2 }, () => {
  it('make a key that stays where it is, and find it again', async (t) => {
    const on = await backedUp(t);
    const first = await run(on, 'make-kubelet-key.sh', [node]);
    const second = await run(on, 'make-kubelet-key.sh', [node]);
    assert.deepEqual([first['changed'], second['changed']], ['yes', 'no']);
    assert.equal(first['publicKeySha256'], second['publicKeySha256']);
    assert.doesNotMatch(JSON.stringify(first), /PRIVATE KEY/);
    const key = join(on.root, 'var/lib/kubelet-recovery/kar-1/own/key.pem');
    assert.equal(lstatSync(key).mode & 0o777, 0o600);
  });

  it('take cluster-admin away from the kubeconfig, and leave the node its bootstrap file', async (t) => {
    const on = await backedUp(t);
    const admin = await certificate('O=system:masters, CN=system:admin');
    const data = Buffer.from(admin.pem).toString('base64');
    on.write(own, kubeconfigText(nodeServer, { 'client-certificate-data': data }));
    const said = await run(on, 'withdraw-admin.sh', [node]);
    assert.equal(said['removed'], `/${own}`);
    assert.equal(on.has(own), false);
    assert.equal(on.has('etc/kubernetes/kubeconfig'), true);
  });

  it('take away what a killed run had half-written of it, whoever aborts or withdraws', async (t) => {
    const on = await backedUp(t);
    const halves = ['etc/kubernetes/kubeconfig.cpr-kar-1', `${own}.cpr-kar-1`];
    for (const half of halves) on.write(half, 'half of an admin kubeconfig');
    await run(on, 'restore-kubelet.sh', [node]);
    assert.deepEqual(
      halves.filter((half) => on.has(half)),
      [],
    );
    const other = await backedUp(t);
    const earlier = 'etc/kubernetes/kubeconfig.cpr-kar-0';
    other.write(earlier, 'half of an admin kubeconfig');
    const said = await run(other, 'withdraw-admin.sh', [node]);
    assert.deepEqual([said['removed'], other.has(earlier)], [`/${earlier}`, false]);
  });

  it('withdraw it though the bootstrap file holds it, only where this run has put it there', async (t) => {
    const on = await backedUp(t);
    const admin = await certificate('O=system:masters, CN=system:admin');
    const data = Buffer.from(admin.pem).toString('base64');
    const lent = kubeconfigText(nodeServer, { 'client-certificate-data': data });
    on.write(own, lent);
    on.write('etc/kubernetes/kubeconfig', lent);
    await assert.rejects(run(on, 'withdraw-admin.sh', [node]), (error) =>
      isFailure(error, 'PreconditionFailed'),
    );
    assert.equal(on.has(own), true);
    on.write(`${runDirectory}/installed`, `${hash(lent)}\n`);
    const said = await run(on, 'withdraw-admin.sh', [node]);
    assert.deepEqual([said['removed'], on.has(own)], [`/${own}`, false]);
  });

  it('take no file for free of cluster-admin whose certificate is written in a way that is not read', async (t) => {
    for (const shape of ['>-\n      %', "'%'"]) {
      const on = await backedUp(t);
      const admin = await certificate('O=system:masters, CN=system:admin');
      const data = Buffer.from(admin.pem).toString('base64');
      const lent = kubeconfigText(nodeServer, { 'client-certificate-data': 'HERE' });
      on.write('etc/kubernetes/kubeconfig', lent.replace('HERE', shape.replace('%', data)));
      on.write(`${runDirectory}/installed`, `${hash(on.read('etc/kubernetes/kubeconfig'))}\n`);
      await assert.rejects(run(on, 'conclude-run.sh', [node, 'healed']), (error) =>
        isFailure(error, 'PreconditionFailed'),
      );
    }
  });

  it('take nothing away that is not cluster-admin', async (t) => {
    const on = await backedUp(t);
    const said = await run(on, 'withdraw-admin.sh', [node]);
    assert.deepEqual([said['changed'], on.has(own)], ['no', true]);
  });

  it('take back what the kubelet made of a loan by itself, when the run is aborted', async (t) => {
    const on = await backedUp(t);
    const before = on.read(own);
    const admin = await certificate('O=system:masters, CN=system:admin');
    const mine = await certificate('O=system:nodes, CN=system:node:master-1');
    const data = Buffer.from(admin.pem).toString('base64');
    const lent = kubeconfigText(nodeServer, { 'client-certificate-data': data });
    on.write(own, lent);
    on.write(`${runDirectory}/installed-kubeconfig`, `${hash(lent)}\n`);
    on.write(`${pki}/kubelet-client-2026-11-27.pem`, admin.pem);
    on.write(`${pki}/kubelet-client-2026-11-01.pem`, mine.pem);
    symlinkSync('kubelet-client-2026-11-27.pem', join(on.root, pki, 'kubelet-client-current.pem'));
    await run(on, 'restore-kubelet.sh', [node]);
    await run(on, 'restore-kubelet.sh', [node]);
    assert.equal(on.read(own), before);
    assert.equal(on.has(`${pki}/kubelet-client-2026-11-27.pem`), false);
    assert.equal(on.has(`${pki}/kubelet-client-2026-11-01.pem`), true);
    assert.throws(() => lstatSync(join(on.root, pki, 'kubelet-client-current.pem')), { code: 'ENOENT' });
    const restarts = on.calls().filter((call) => call === 'systemctl restart --no-block kubelet');
    assert.equal(restarts.length, 1);
  });

  it('restart no kubelet on an abort when nothing was lent', async (t) => {
    const on = await backedUp(t);
    await run(on, 'restore-kubelet.sh', [node]);
    assert.equal(on.calls().includes('systemctl restart --no-block kubelet'), false);
  });

  it('lend nothing from anywhere but the place of the platform’s admin kubeconfigs', async (t) => {
    const on = await backedUp(t);
    const args = [node, '/etc/kubernetes/kubeconfig', hash('x'), 'kubeconfig', 'missing'];
    await assert.rejects(run(on, 'install-admin.sh', args), (error) => isFailure(error, 'NodeScriptFailed'));
  });

  it('link nothing that is no client certificate of a kubelet, or is not what was approved', async (t) => {
    const on = await backedUp(t);
    const file = '/var/lib/kubelet/pki/kubelet-client-2026.pem';
    on.write(file.slice(1), 'changed since');
    await assert.rejects(run(on, 'relink-certificate.sh', [node, '/etc/shadow', hash('x')]), (error) =>
      isFailure(error, 'NodeScriptFailed'),
    );
    await assert.rejects(run(on, 'relink-certificate.sh', [node, file, hash('x')]), (error) =>
      isFailure(error, 'PreconditionFailed'),
    );
  });
});
