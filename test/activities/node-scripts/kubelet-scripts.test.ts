import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, readdirSync, statSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { isFailure } from '../../../activities/failure.ts';
import type { NodeScriptName } from '../../../activities/node-scripts/scripts.ts';
import { certificate, token } from '../support/certificates.ts';
import { bootstrapFile, fakeNode, kubeconfigText, nodeServer, type FakeNode } from '../support/fake-node.ts';

const node = 'master-1';
const runId = 'kar-7f3a-master-1';
const backup = `var/lib/kubelet-recovery/${runId}`;
const present = 'etc/kubernetes/kubeconfig';
const pem = 'var/lib/kubelet/pki/kubelet-client-current.pem';
const newToken = token({
  sub: 'system:serviceaccount:openshift-machine-config-operator:node-bootstrapper',
  exp: 4e9,
});

function run(on: FakeNode, script: NodeScriptName, args: string[] = [node], input = '') {
  return on.lane.run({ node, script, runId, args, input, timeoutMs: 30_000 });
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function backedUp(t: TestContext): Promise<FakeNode> {
  const on = fakeNode(t);
  await run(on, 'back-up-kubelet.sh');
  return on;
}

const concurrency = 4;

function restarts(on: FakeNode): number {
  return on.calls().filter((call) => call.startsWith('systemctl restart')).length;
}

/** Backed up, and our file in place. */
async function installed(t: TestContext, change?: (on: FakeNode) => void): Promise<FakeNode> {
  const on = fakeNode(t);
  change?.(on);
  await run(on, 'back-up-kubelet.sh');
  on.acceptTokens(newToken);
  const expected = on.has(present) ? hashOf(on.read(present)) : 'missing';
  await run(on, 'install-bootstrap.sh', [node, expected], bootstrapFile(newToken));
  return on;
}

describe('back-up-kubelet.sh', { concurrency }, () => {
  it('copies the credentials with their hashes, for root alone', async (t) => {
    const on = fakeNode(t);
    const said = await run(on, 'back-up-kubelet.sh');
    assert.equal(said['changed'], 'yes');
    assert.equal(said['directory'], `/${backup}`);
    assert.equal(said['manifestSha256'], hashOf(on.read(`${backup}/manifest.sha256`)));
    assert.equal(on.read(`${backup}/bootstrap-kubeconfig`), on.read(present));
    assert.equal(statSync(join(on.root, backup)).mode & 0o777, 0o700);
  });

  it('leaves a backup that is there as it is', async (t) => {
    const on = await backedUp(t);
    on.write(present, bootstrapFile('something newer'));
    const said = await run(on, 'back-up-kubelet.sh');
    assert.equal(said['changed'], 'no');
    assert.match(on.read(`${backup}/bootstrap-kubeconfig`), /rejected-token-of-before/);
  });

  it('refuses a backup that does not match its own manifest', async (t) => {
    const on = await backedUp(t);
    on.write(`${backup}/bootstrap-kubeconfig`, 'tampered');
    await assert.rejects(run(on, 'back-up-kubelet.sh'), (error) => isFailure(error, 'NodeScriptFailed'));
  });

  it('says which files were absent, so that a restore can take ours away', async (t) => {
    const on = fakeNode(t);
    unlinkSync(join(on.root, present));
    await run(on, 'back-up-kubelet.sh');
    assert.equal(on.read(`${backup}/absent`), 'bootstrap-kubeconfig\n');
  });

  it('does not carry an admin credential into a backup', async (t) => {
    const on = fakeNode(t);
    const admin = await certificate('O=system:masters, CN=system:admin');
    const data = Buffer.from(admin.pem).toString('base64');
    on.write(present, kubeconfigText(nodeServer, { 'client-certificate-data': data }));
    await run(on, 'back-up-kubelet.sh');
    assert.equal(on.has(`${backup}/bootstrap-kubeconfig`), false);
    assert.equal(on.read(`${backup}/not-copied`), 'bootstrap-kubeconfig\n');
    assert.equal(on.has(`${backup}/kubeconfig`), true, 'the others are copied');
  });

  it('does not carry a certificate that it cannot read into a backup, and makes none', async (t) => {
    const on = fakeNode(t);
    on.write(present, '-----BEGIN CERTIFICATE-----\nbm90IHJlYWxseQ==\n-----END CERTIFICATE-----\n');
    await assert.rejects(run(on, 'back-up-kubelet.sh'), (error) => isFailure(error, 'PreconditionFailed'));
    assert.deepEqual(readdirSync(join(on.root, 'var/lib/kubelet-recovery')), []);
  });

  it('touches nothing on a machine of another name', async (t) => {
    const on = fakeNode(t);
    on.unit({ Environment: 'KUBELET_NODE_NAME=master-2' });
    await assert.rejects(run(on, 'back-up-kubelet.sh'), /calls itself 'master-2', not 'master-1'/);
    assert.equal(on.has('var/lib/kubelet-recovery'), false);
  });

  it('waits for no other run for ever: a held lock is an unknown outcome, to be tried again', async (t) => {
    const on = fakeNode(t);
    on.write('bin/flock', '#!/bin/sh\nexit 1\n');
    chmodSync(join(on.root, 'bin/flock'), 0o755);
    await assert.rejects(run(on, 'back-up-kubelet.sh'), (error) => isFailure(error, 'OutcomeUnknown'));
  });
});

describe('install-bootstrap.sh', { concurrency }, () => {
  it('replaces exactly the file that was approved, for root alone', async (t) => {
    const on = await backedUp(t);
    on.acceptTokens(newToken);
    const content = bootstrapFile(newToken).trimEnd();
    const said = await run(on, 'install-bootstrap.sh', [node, hashOf(on.read(present))], content);
    assert.equal(said['changed'], 'yes');
    assert.equal(on.read(present), content);
    assert.equal(said['sha256'], hashOf(content));
    assert.equal(statSync(join(on.root, present)).mode & 0o777, 0o600);
  });

  it('finds it done the second time', async (t) => {
    const on = await backedUp(t);
    on.acceptTokens(newToken);
    const before = hashOf(on.read(present));
    await run(on, 'install-bootstrap.sh', [node, before], bootstrapFile(newToken));
    const said = await run(on, 'install-bootstrap.sh', [node, before], bootstrapFile(newToken));
    assert.equal(said['changed'], 'no');
  });

  it('replaces its own earlier file by a newer one', async (t) => {
    const on = await backedUp(t);
    const newer = token({ sub: 'x', exp: 5e9 });
    on.acceptTokens(newToken, newer);
    const before = hashOf(on.read(present));
    await run(on, 'install-bootstrap.sh', [node, before], bootstrapFile(newToken));
    const said = await run(on, 'install-bootstrap.sh', [node, before], bootstrapFile(newer));
    assert.equal(said['changed'], 'yes');
  });

  const untouched: {
    name: string;
    prepare: (on: FakeNode) => void;
    type: 'PreconditionFailed' | 'NodeScriptFailed' | 'OutcomeUnknown';
  }[] = [
    {
      name: 'a file that somebody changed since the approval',
      prepare: (on) => on.write(present, 'newer'),
      type: 'PreconditionFailed',
    },
    {
      name: 'the file as it is when the API rejects the new credential',
      prepare: (on) => on.acceptTokens('another'),
      type: 'NodeScriptFailed',
    },
    {
      name: 'the file as it is when the API cannot be asked',
      prepare: (on) => on.write('fake/api-down', 'connection refused'),
      type: 'OutcomeUnknown',
    },
  ];
  for (const { name, prepare, type } of untouched) {
    it(`leaves ${name}`, async (t) => {
      const on = await backedUp(t);
      on.acceptTokens(newToken);
      const expected = hashOf(on.read(present));
      prepare(on);
      const before = on.read(present);
      const installing = run(on, 'install-bootstrap.sh', [node, expected], bootstrapFile(newToken));
      await assert.rejects(installing, (error) => isFailure(error, type));
      assert.equal(on.read(present), before);
      assert.deepEqual(readdirSync(join(on.root, 'etc/kubernetes')).sort(), ['kubeconfig', 'manifests']);
    });
  }

  it('does nothing without a backup of this run', async (t) => {
    const on = fakeNode(t);
    on.acceptTokens(newToken);
    const installing = run(
      on,
      'install-bootstrap.sh',
      [node, hashOf(on.read(present))],
      bootstrapFile(newToken),
    );
    await assert.rejects(installing, (error) => isFailure(error, 'PreconditionFailed'));
  });
});

describe('restart-kubelet.sh', { concurrency }, () => {
  it('restarts once per attempt, however often it is asked', async (t) => {
    const on = await backedUp(t);
    assert.equal((await run(on, 'restart-kubelet.sh', [node, '1', 'none', 'none']))['changed'], 'yes');
    const again = await run(on, 'restart-kubelet.sh', [node, '1', 'none', 'none']);
    assert.equal(again['changed'], 'no');
    assert.equal(again['started'], 'Sun 2026-11-22 20:45:00 UTC');
    assert.equal(restarts(on), 1);
    await run(on, 'restart-kubelet.sh', [node, '2', 'none', 'none']);
    assert.equal(restarts(on), 2);
  });

  it('restarts when the attempt before it died between its mark and the restart', async (t) => {
    const on = await backedUp(t);
    on.write(`${backup}/restart-1`, 'invocation-0\n');
    assert.equal((await run(on, 'restart-kubelet.sh', [node, '1', 'none', 'none']))['changed'], 'yes');
    assert.equal(restarts(on), 1);
  });

  it('restarts though others have started the kubelet so often that systemd refuses more, and does not say so', async (t) => {
    const on = await backedUp(t);
    on.write('fake/starts-used-up', '');
    assert.equal((await run(on, 'restart-kubelet.sh', [node, '1', 'none', 'none']))['changed'], 'yes');
  });

  it('does not restart again when the kubelet has restarted by itself since the mark', async (t) => {
    const on = await backedUp(t);
    on.write(`${backup}/restart-1`, 'an-older-invocation\n');
    assert.equal((await run(on, 'restart-kubelet.sh', [node, '1', 'none', 'none']))['changed'], 'no');
    assert.equal(restarts(on), 0);
  });

  it('waits for a start that is under way instead of beginning another', async (t) => {
    const on = await backedUp(t);
    on.write(`${backup}/restart-1`, 'an-older-invocation\n');
    on.unit({ ActiveState: 'activating', SubState: 'start' });
    const restarting = run(on, 'restart-kubelet.sh', [node, '1', 'none', 'none']);
    setTimeout(() => on.unit({ ActiveState: 'active', SubState: 'running' }), 500);
    assert.equal((await restarting)['changed'], 'no');
    assert.equal(restarts(on), 0);
  });

  it('moves an unusable client certificate aside and keeps it', async (t) => {
    const on = await backedUp(t);
    const dated = 'kubelet-client-2026-11-22-10-00-00.pem';
    on.write(`var/lib/kubelet/pki/${dated}`, '');
    on.write('var/lib/kubelet/pki/kubelet-server-current.pem', '');
    symlinkSync(dated, join(on.root, pem));
    await run(on, 'restart-kubelet.sh', [node, '1', 'none', 'none']);
    assert.deepEqual(readdirSync(join(on.root, 'var/lib/kubelet/pki')), ['kubelet-server-current.pem']);
    assert.deepEqual(
      readdirSync(join(on.root, `${backup}/quarantine/restart-1`)).sort(),
      [dated, 'kubelet-client-current.pem'].sort(),
    );
  });

  it('leaves a usable client certificate where it is', async (t) => {
    const on = await backedUp(t);
    const good = await certificate('O=system:nodes, CN=system:node:master-1');
    on.write('var/lib/kubelet/pki/kubelet-client-1.pem', good.pem + good.key);
    symlinkSync('kubelet-client-1.pem', join(on.root, pem));
    await run(on, 'restart-kubelet.sh', [node, '1', 'none', 'none']);
    assert.equal(on.has(pem), true);
  });

  it('says what the unit says when systemctl fails', async (t) => {
    const on = await backedUp(t);
    on.write('fake/restart-fails', '');
    await assert.rejects(run(on, 'restart-kubelet.sh', [node, '1', 'none', 'none']), (error) =>
      isFailure(error, 'NodeScriptFailed'),
    );
  });
});

describe('restore-kubelet.sh', { concurrency }, () => {
  it('puts the old bootstrap file back, once', async (t) => {
    const on = await installed(t);
    assert.equal((await run(on, 'restore-kubelet.sh'))['changed'], 'yes');
    assert.match(on.read(present), /rejected-token-of-before/);
    assert.equal((await run(on, 'restore-kubelet.sh'))['changed'], 'no');
  });

  it('bars every script of the run that comes after it', async (t) => {
    const on = await installed(t);
    const before = hashOf(on.read(`${backup}/bootstrap-kubeconfig`));
    await run(on, 'restore-kubelet.sh');
    const late = () => run(on, 'install-bootstrap.sh', [node, before], bootstrapFile(newToken));
    await assert.rejects(late(), /this run was aborted/);
    await assert.rejects(run(on, 'restart-kubelet.sh', [node, '1', 'none', 'none']), /this run was aborted/);
    assert.match(on.read(present), /rejected-token-of-before/);
    assert.equal(restarts(on), 0);
    assert.equal((await run(on, 'restore-kubelet.sh'))['changed'], 'no');
  });

  it('takes our file away where there was none', async (t) => {
    const on = await installed(t, ({ root }) => unlinkSync(join(root, present)));
    await run(on, 'restore-kubelet.sh');
    assert.equal(on.has(present), false);
  });

  it('has nothing to put back before there is a backup', async (t) => {
    assert.equal((await run(fakeNode(t), 'restore-kubelet.sh'))['changed'], 'no');
  });

  it('leaves what somebody else wrote meanwhile', async (t) => {
    const on = await installed(t);
    on.write(present, 'by hand');
    await assert.rejects(run(on, 'restore-kubelet.sh'), (error) => isFailure(error, 'PreconditionFailed'));
    assert.equal(on.read(present), 'by hand');
  });

  it('refuses after the restart', async (t) => {
    const on = await installed(t);
    await run(on, 'restart-kubelet.sh', [node, '1', 'none', 'none']);
    await assert.rejects(run(on, 'restore-kubelet.sh'), /already restarted by this run/);
    assert.match(on.read(present), new RegExp(newToken));
  });
});
