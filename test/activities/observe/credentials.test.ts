import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { certificate } from '../support/certificates.ts';
import { fakeNode, type FakeNode } from '../support/fake-node.ts';
import { accept, admins, look, own, pemOf, pki, put, withAdminKubeconfigs } from '../support/credentials.ts';

/** Of the connections that are asked over, the first ones. */
function drop(node: FakeNode, times: number): void {
  for (const kind of ['who', 'may', 'curl']) node.write(`fake/drops-${kind}`, 'dropped\n'.repeat(times));
}

describe('whom the API server takes the kubelet for', { concurrency: 4 }, () => {
  it('is asked with its own kubeconfig, and then nobody speaks as the administrator', async (t) => {
    const node = fakeNode(t);
    await withAdminKubeconfigs(node);
    node.knows('kubeconfig', 'system:node:master-1', 'system:nodes', 'system:authenticated');
    const { identity, adminKubeconfigs } = await look(node);
    assert.deepEqual(identity, {
      accepted: 'yes',
      detail: 'yes',
      username: 'system:node:master-1',
      groups: ['system:nodes', 'system:authenticated'],
    });
    assert.deepEqual(adminKubeconfigs, []);
    assert.deepEqual(
      node.calls().filter((call) => call.startsWith('who is')),
      ['who is /var/lib/kubelet/kubeconfig'],
    );
  });

  it('is told when it is another', async (t) => {
    const node = fakeNode(t);
    node.knows('kubeconfig', 'system:node:master-2', 'system:nodes');
    const { identity } = await look(node);
    assert.deepEqual([identity.accepted, identity.username], ['yes', 'system:node:master-2']);
  });

  it('is rejected, or unknown where nobody answers: never the one for the other', async (t) => {
    const node = fakeNode(t);
    assert.deepEqual((await look(node)).identity, { accepted: 'rejected', detail: 'Unauthorized' });
    node.write('fake/api-down', 'Unable to connect to the server: dial tcp: i/o timeout');
    const { identity } = await look(node);
    assert.equal(identity.accepted, 'unknown');
    assert.match(identity.detail, /exit code 1: Unable to connect/);
  });

  it('is not believed from an answer without a name', async (t) => {
    const node = fakeNode(t);
    node.write('fake/who/kubeconfig', '<html>login</html>');
    assert.equal((await look(node)).identity.accepted, 'unknown');
  });
});

describe('an endpoint that drops connections', { concurrency: 4 }, () => {
  it('is asked again, so that two in a row leave nothing unknown', async (t) => {
    const node = fakeNode(t);
    const valid = await certificate(own);
    put(node, 'kubelet-client-2026-10-01.pem', pemOf(valid), 50);
    accept(node, valid);
    // The health of etcd and the API server is asked with the same command, at the same time.
    drop(node, 2);
    const { identity, bootstrap, clientFiles } = await look(node);
    assert.deepEqual([identity.accepted, bootstrap.accepted], ['rejected', 'rejected']);
    assert.deepEqual(
      clientFiles.map(({ accepted }) => accepted),
      ['yes'],
    );
  });

  it('is asked no more than three times, and what it has not answered is unknown', async (t) => {
    const node = fakeNode(t);
    drop(node, 100);
    const { identity, bootstrap } = await look(node);
    assert.deepEqual([identity.accepted, bootstrap.accepted], ['unknown', 'unknown']);
    assert.equal(node.calls().filter((call) => call === 'who is /var/lib/kubelet/kubeconfig').length, 3);
    assert.equal(node.read('fake/drops-may').trim().split('\n').length, 97);
  });
});

describe('a node that is short of time', { concurrency: 4 }, () => {
  it('is asked once more what is in a kubeconfig', async (t) => {
    const node = fakeNode(t);
    node.write('fake/slow', 'too long\n');
    const { kubeconfig, bootstrap } = await look(node);
    assert.deepEqual([kubeconfig.state, bootstrap.file.state], ['present', 'present']);
  });

  it('has not said that nobody could read it', async (t) => {
    const node = fakeNode(t);
    node.write('fake/slow', 'too long\n'.repeat(100));
    await assert.rejects(look(node), /kubectl has not said within 10 s what is in/);
  });
});

describe("the kubelet's certificate files", { concurrency: 4 }, () => {
  it('are all seen, newest first, and the one that still works is asked with', async (t) => {
    const node = fakeNode(t);
    const valid = await certificate(own);
    put(node, 'kubelet-client-2026-10-01.pem', pemOf(valid), 50);
    put(node, 'kubelet-client-2026-11-01.pem', '', 10);
    put(node, 'kubelet-server-2026-11-01.pem', pemOf(await certificate('CN=serving')));
    symlinkSync('gone.pem', join(node.root, pki, 'kubelet-client-current.pem'));
    accept(node, valid);
    const { clientFiles } = await look(node);
    assert.deepEqual(
      clientFiles.map(({ path, isCurrent, keyMatches, accepted, certificate: one }) => ({
        path,
        isCurrent,
        keyMatches,
        accepted,
        of: one?.commonName,
      })),
      [
        {
          path: `/${pki}/kubelet-client-2026-11-01.pem`,
          isCurrent: false,
          keyMatches: false,
          accepted: 'unknown',
          of: undefined,
        },
        {
          path: `/${pki}/kubelet-client-2026-10-01.pem`,
          isCurrent: false,
          keyMatches: true,
          accepted: 'yes',
          of: 'system:node:master-1',
        },
      ],
    );
  });

  it('are not asked with when they are expired, of another node, or without their key', async (t) => {
    const node = fakeNode(t);
    const past = { notAfter: new Date(Date.now() - 60_000) };
    const [expired, other, keyless, stranger] = [
      await certificate(own, past),
      await certificate('O=system:nodes, CN=system:node:master-10'),
      await certificate(own),
      await certificate(own),
    ];
    put(node, 'kubelet-client-1.pem', pemOf(expired));
    put(node, 'kubelet-client-2.pem', pemOf(other));
    put(node, 'kubelet-client-3.pem', keyless.pem);
    put(node, 'kubelet-client-4.pem', keyless.pem + stranger.key);
    accept(node, expired, other, keyless, stranger);
    const { clientFiles } = await look(node);
    assert.deepEqual(
      clientFiles.map(({ accepted }) => accepted),
      ['unknown', 'unknown', 'unknown', 'unknown'],
    );
    assert.deepEqual(
      node.calls().filter((call) => call.startsWith('asked with')),
      [],
    );
  });

  it('are asked with three times at most', async (t) => {
    const node = fakeNode(t);
    accept(node);
    for (const number of [1, 2, 3, 4, 5]) {
      put(node, `kubelet-client-${number}.pem`, pemOf(await certificate(own)), number);
    }
    const { clientFiles } = await look(node);
    assert.deepEqual(
      clientFiles.map(({ accepted }) => accepted),
      ['rejected', 'rejected', 'rejected', 'unknown', 'unknown'],
    );
  });

  it('and the current one has the answer that the kubelet itself gets', async (t) => {
    const node = fakeNode(t);
    put(node, 'kubelet-client-1.pem', pemOf(await certificate(own)));
    symlinkSync('kubelet-client-1.pem', join(node.root, pki, 'kubelet-client-current.pem'));
    node.knows('kubeconfig', 'system:node:master-1', 'system:nodes');
    const { clientFiles } = await look(node);
    assert.deepEqual(
      clientFiles.map(({ isCurrent, accepted }) => [isCurrent, accepted]),
      [[true, 'yes']],
    );
    assert.equal(
      node.calls().some((call) => call.startsWith('asked with')),
      false,
    );
  });

  it('but not where the kubeconfig holds another credential: that answer is about the other', async (t) => {
    const node = fakeNode(t);
    await withAdminKubeconfigs(node);
    node.write('var/lib/kubelet/kubeconfig', node.read(`${admins}/localhost.kubeconfig`));
    node.knows('kubeconfig', 'system:admin', 'system:masters');
    put(node, 'kubelet-client-1.pem', pemOf(await certificate(own)));
    symlinkSync('kubelet-client-1.pem', join(node.root, pki, 'kubelet-client-current.pem'));
    accept(node);
    const { clientFiles } = await look(node);
    assert.deepEqual(
      clientFiles.map(({ accepted }) => accepted),
      ['rejected'],
    );
  });

  it('one that is no link is the current one itself', async (t) => {
    const node = fakeNode(t);
    put(node, 'kubelet-client-current.pem', pemOf(await certificate(own)));
    const { clientFiles, clientCertificate } = await look(node);
    assert.deepEqual(
      clientFiles.map(({ isCurrent }) => isCurrent),
      [true],
    );
    assert.equal(clientCertificate.state === 'present' && clientCertificate.isSymlink, false);
  });

  it('with hostile names are seen, marked as altered, and run nothing', async (t) => {
    const node = fakeNode(t);
    put(node, 'kubelet-client-$(touch owned)`id`\n\u001b[31m.pem', '');
    put(node, 'kubelet-client--out=x.pem', pemOf(await certificate(own)));
    const { clientFiles } = await look(node);
    assert.equal(clientFiles.length, 2);
    const hostile = clientFiles.find(({ path }) => path.includes('touch'));
    assert.match(hostile?.path ?? '', /^\(altered\) /);
    assert.doesNotMatch(JSON.stringify(clientFiles), /\\u001b|\\n/);
    assert.equal(node.has('owned'), false);
  });
});
