import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { lstatSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { ApplicationFailure } from '@temporalio/common';
import { isFailure } from '../../../activities/failure.ts';
import type { NodeScriptName } from '../../../activities/node-scripts/scripts.ts';
import { certificate } from '../support/certificates.ts';
import { fakeNode, kubeconfigText, nodeServer, type FakeNode } from '../support/fake-node.ts';

const node = 'master-1';
const own = 'var/lib/kubelet/kubeconfig';
const pki = 'var/lib/kubelet/pki';
const runDirectory = 'var/lib/kubelet-recovery/kar-1';

function run(on: FakeNode, script: NodeScriptName, args: string[], input = '') {
  return on.lane.run({ node, script, runId: 'kar-1', args, input, timeoutMs: 30_000 });
}

async function backedUp(t: TestContext): Promise<FakeNode> {
  const on = fakeNode(t);
  await run(on, 'back-up-kubelet.sh', [node]);
  return on;
}

/** A certificate of this node with its key; the API answers, and accepts it only where it is told so. */
async function ownPair(on: FakeNode): Promise<{ pem: string; key: string; accept: () => void }> {
  const { pem, key } = await certificate(`O=system:nodes, CN=system:node:${node}`);
  on.write('fake/http-6443', 'ok');
  const accept = () => on.write('fake/accepted-certificates', `${new X509Certificate(pem).serialNumber}\n`);
  return { pem, key, accept };
}

function makeCurrent(on: FakeNode, { pem, key }: { pem: string; key: string }): void {
  on.write(`${pki}/kubelet-client-2026-11-27.pem`, pem + key);
  symlinkSync('kubelet-client-2026-11-27.pem', join(on.root, pki, 'kubelet-client-current.pem'));
}

const restartsOf = (on: FakeNode) => on.calls().filter((call) => call.startsWith('systemctl restart')).length;

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
    on.acceptTokens('rejected-token-of-before');
    const said = await run(on, 'withdraw-admin.sh', [node, 'bootstrap']);
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
    const said = await run(other, 'withdraw-admin.sh', [node, 'bootstrap']);
    assert.deepEqual([said['removed'], other.has(earlier)], [`/${earlier}`, false]);
  });

  it('withdraw it though the bootstrap file holds it, only where this run has put it there', async (t) => {
    const on = await backedUp(t);
    const admin = await certificate('O=system:masters, CN=system:admin');
    const data = Buffer.from(admin.pem).toString('base64');
    const lent = kubeconfigText(nodeServer, { 'client-certificate-data': data });
    on.write(own, lent);
    on.write('etc/kubernetes/kubeconfig', lent);
    await assert.rejects(run(on, 'withdraw-admin.sh', [node, 'bootstrap']), (error) =>
      isFailure(error, 'PreconditionFailed'),
    );
    assert.equal(on.has(own), true);
    on.write(`${runDirectory}/installed`, `${hash(lent)}\n`);
    on.acceptTokens(data);
    const said = await run(on, 'withdraw-admin.sh', [node, 'bootstrap']);
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
    const said = await run(on, 'withdraw-admin.sh', [node, 'bootstrap']);
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

  it('link no certificate that the API server does not take for the node, whoever signed it', async (t) => {
    const on = await backedUp(t);
    const pair = await ownPair(on);
    const file = `/${pki}/kubelet-client-2026-11-27.pem`;
    on.write(file.slice(1), pair.pem + pair.key);
    const args = [node, file, hash(pair.pem + pair.key)];
    await assert.rejects(run(on, 'relink-certificate.sh', args), /HTTP 401 for its own Node/);
    assert.equal(on.has(`${pki}/kubelet-client-current.pem`), false);
    pair.accept();
    assert.equal((await run(on, 'relink-certificate.sh', args))['changed'], 'yes');
    assert.equal(readlinkSync(join(on.root, pki, 'kubelet-client-current.pem')), join(on.root, file));
  });

  it('put no certificate in place that the API server does not take for the node', async (t) => {
    const on = await backedUp(t);
    const pair = await ownPair(on);
    on.write(`${runDirectory}/own/key.pem`, pair.key);
    const publicKey = new X509Certificate(pair.pem).publicKey.export({ type: 'spki', format: 'pem' });
    const args = [node, hash(String(publicKey))];
    await assert.rejects(run(on, 'install-certificate.sh', args, pair.pem), /HTTP 401 for its own Node/);
    assert.equal(on.has(`${pki}/kubelet-client-current.pem`), false);
    pair.accept();
    assert.equal((await run(on, 'install-certificate.sh', args, pair.pem))['changed'], 'yes');
    assert.equal(on.has(`${pki}/kubelet-client-current.pem`), true);
  });

  it('restart into no certificate that is not accepted just then, and say that nothing was begun', async (t) => {
    const on = await backedUp(t);
    const pair = await ownPair(on);
    makeCurrent(on, pair);
    const restart = () => run(on, 'restart-kubelet.sh', [node, '1', 'none', 'certificate']);
    await assert.rejects(restart(), (error: ApplicationFailure) => {
      assert.deepEqual([error.type, error.details], ['PreconditionFailed', [{ unbegun: true }]]);
      return true;
    });
    assert.deepEqual([restartsOf(on), on.has(`${runDirectory}/restart-1`)], [0, false]);
    pair.accept();
    assert.equal((await restart())['changed'], 'yes');
    assert.equal(restartsOf(on), 1);
    // What this attempt has done is not done again, nor asked about again.
    on.write('fake/accepted-certificates', '');
    assert.equal((await restart())['changed'], 'no');
  });

  it('restart into nothing while nobody answers as the API server', async (t) => {
    const on = await backedUp(t);
    makeCurrent(on, await certificate(`O=system:nodes, CN=system:node:${node}`));
    const restart = (means: string) => run(on, 'restart-kubelet.sh', [node, '1', 'none', means]);
    await assert.rejects(restart('certificate'), (error) => isFailure(error, 'OutcomeUnknown'));
    on.write('fake/api-down', 'dial tcp 10.0.0.1:6443: connect: connection refused');
    await assert.rejects(restart('bootstrap'), (error) => isFailure(error, 'OutcomeUnknown'));
    assert.equal(restartsOf(on), 0);
  });

  it('restart into no bootstrap credential that is not accepted just then', async (t) => {
    const on = await backedUp(t);
    const restart = () => run(on, 'restart-kubelet.sh', [node, '1', 'none', 'bootstrap']);
    await assert.rejects(restart(), (error) => isFailure(error, 'PreconditionFailed'));
    assert.equal(restartsOf(on), 0);
    on.acceptTokens('rejected-token-of-before');
    assert.equal((await restart())['changed'], 'yes');
  });

  it('withdraw cluster-admin only from a kubelet whose own certificate is accepted just then', async (t) => {
    const on = await backedUp(t);
    const pair = await ownPair(on);
    makeCurrent(on, pair);
    const admin = await certificate('O=system:masters, CN=system:admin');
    const data = Buffer.from(admin.pem).toString('base64');
    on.write(own, kubeconfigText(nodeServer, { 'client-certificate-data': data }));
    await assert.rejects(run(on, 'withdraw-admin.sh', [node, 'certificate']), (error: ApplicationFailure) => {
      assert.deepEqual([error.type, error.details], ['PreconditionFailed', [{ unbegun: true }]]);
      return true;
    });
    assert.equal(on.has(own), true);
    pair.accept();
    await run(on, 'withdraw-admin.sh', [node, 'certificate']);
    assert.equal(on.has(own), false);
  });
});
