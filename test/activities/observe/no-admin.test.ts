import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { certificate } from '../support/certificates.ts';
import { adminSubject, admins, look, pemOf, put, withAdminKubeconfigs } from '../support/credentials.ts';
import { fakeNode, nodeServer, type FakeNode } from '../support/fake-node.ts';

describe('the identity of a kubelet', { concurrency: 4 }, () => {
  it('is not asked as cluster-admin, wherever that is found: in its kubeconfig, its certificate, its bootstrap file', async (t) => {
    const admin = await certificate(adminSubject);
    const places: ((node: FakeNode) => void)[] = [
      (node) => node.write('var/lib/kubelet/kubeconfig', node.read(`${admins}/lb-int.kubeconfig`)),
      (node) => put(node, 'kubelet-client-current.pem', pemOf(admin)),
      (node) => node.write('etc/kubernetes/kubeconfig', node.read(`${admins}/lb-int.kubeconfig`)),
    ];
    for (const [index, place] of places.entries()) {
      const node = fakeNode(t);
      await withAdminKubeconfigs(node);
      node.acceptTokens('client-certificate-data');
      place(node);
      const { identity, bootstrap } = await look(node);
      const isBootstrap = index === 2;
      assert.match(isBootstrap ? bootstrap.detail : identity.detail, /holds cluster-admin, and no look asks/);
      assert.equal((isBootstrap ? bootstrap : identity).accepted, 'unknown');
      const asked = node.calls().filter((call) => /^(who is|asked with)/.test(call));
      assert.deepEqual(asked, isBootstrap ? ['who is /var/lib/kubelet/kubeconfig'] : []);
    }
  });
});

describe("the platform's administrator kubeconfigs", { concurrency: 4 }, () => {
  it('are told by path, subject and end once the kubelet is nobody; no key leaves the node', async (t) => {
    const node = fakeNode(t);
    const admin = await withAdminKubeconfigs(node);
    const kubelet = await look(node);
    assert.deepEqual(
      kubelet.adminKubeconfigs.map(({ path, commonName, organizations, server }) => ({
        path,
        commonName,
        organizations,
        server,
      })),
      [
        ['localhost', 'https://localhost:6443'],
        ['localhost-recovery', 'https://localhost:6443'],
        ['lb-int', nodeServer],
      ].map(([name, server]) => ({
        path: `/${admins}/${name}.kubeconfig`,
        commonName: 'system:admin',
        organizations: ['system:masters'],
        server,
      })),
    );
    assert.deepEqual(
      node.calls().filter((call) => call.startsWith('who is')),
      ['who is /var/lib/kubelet/kubeconfig'],
      'nobody has asked as the administrator',
    );
    const [first] = kubelet.adminKubeconfigs;
    assert.equal(Date.parse(first?.notAfter ?? '') > Date.now(), true);
    assert.deepEqual(
      kubelet.adminCredentials,
      [],
      'the platform keeps them there; they are nobody’s left-over',
    );
    const secret = admin.key.split('\n')[1] ?? 'none';
    assert.equal(JSON.stringify(kubelet).includes(secret), false);
    assert.equal(
      JSON.stringify(kubelet).includes(Buffer.from(admin.key).toString('base64').slice(0, 60)),
      false,
    );
  });

  it('that cannot be read are none', async (t) => {
    const node = fakeNode(t);
    await withAdminKubeconfigs(node);
    node.write(`${admins}/localhost.kubeconfig`, 'kind: Config\n');
    const { adminKubeconfigs } = await look(node);
    assert.deepEqual(
      adminKubeconfigs.map(({ path }) => path),
      [`/${admins}/localhost-recovery.kubeconfig`, `/${admins}/lb-int.kubeconfig`],
    );
  });

  it('given to the kubelet, its own kubeconfig says whose certificate it holds', async (t) => {
    const node = fakeNode(t);
    await withAdminKubeconfigs(node);
    node.write('var/lib/kubelet/kubeconfig', node.read(`${admins}/localhost.kubeconfig`));
    const { kubeconfig } = await look(node);
    assert.ok(kubeconfig.state === 'present');
    assert.equal(kubeconfig.credential, 'client-certificate-data');
    assert.deepEqual(
      [kubeconfig.embeddedCommonName, kubeconfig.embeddedOrganizations],
      ['system:admin', ['system:masters']],
    );
  });
});
