import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { lookAtNode } from '../../../activities/observe/node.ts';
import { bootstrapRequester } from '../../../domain/kubelet/names.ts';
import { certificate, token } from '../support/certificates.ts';
import { bootstrapFile, fakeNode, kubeconfigText, nodeServer, type FakeNode } from '../support/fake-node.ts';

const { signal } = new AbortController();
const pem = 'var/lib/kubelet/pki/kubelet-client-current.pem';
const bootstrap = 'etc/kubernetes/kubeconfig';

async function look(node: FakeNode) {
  return lookAtNode(node.lane, 'master-1', { signal });
}

async function withCertificate(
  t: TestContext,
  subject = 'O=system:nodes, CN=system:node:master-1',
): Promise<FakeNode> {
  const node = fakeNode(t);
  const own = await certificate(subject);
  node.write('var/lib/kubelet/pki/kubelet-client-1.pem', own.pem + own.key);
  symlinkSync('kubelet-client-1.pem', join(node.root, pem));
  return node;
}

describe('a look at a master', { concurrency: 4 }, () => {
  it('sees the incident: no certificate, a bootstrap credential that is rejected, the lines of the journal', async (t) => {
    const node = fakeNode(t);
    node.write(
      'fake/journal',
      [
        'E1122 csi_plugin.go:990] csinodes is forbidden: User "system:anonymous" cannot get resource "csinodes"',
        'E1122 csi_plugin.go:990] csinodes is forbidden: User "system:anonymous" cannot get resource "csinodes"',
        'E1122 bootstrap.go:241] unable to read existing bootstrap client config from /var/lib/kubelet/kubeconfig: invalid configuration: [unable to read client-cert',
        'E1122 certificate_manager.go:596] cannot create certificate signing request: Unauthorized',
        'E1122 transport.go:120] "No valid client certificate is found and the server is responsive, exiting."',
        'W1122 prober.go] Readiness probe failed: dial tcp 127.0.0.1:6443: connect: connection refused',
        'E1122 authentication.go] Unable to authenticate the request err="x509: certificate signed by unknown authority"',
      ].join('\n'),
    );
    node.write(bootstrap, bootstrapFile('abcdef.0123456789abcdef'));
    const { kubelet, etcd, apiServer } = await look(node);
    // The second half of a bootstrap token is its secret, and must not be taken for a token's claims.
    assert.doesNotMatch(JSON.stringify(kubelet), /0123456789abcdef/);
    assert.deepEqual(
      [etcd, apiServer].map(({ healthy, detail }) => [healthy, detail]),
      [
        [false, 'connection refused'],
        [false, 'connection refused'],
      ],
    );
    assert.deepEqual(kubelet.clientCertificate, { state: 'missing' });
    assert.equal(kubelet.bootstrap.accepted, 'rejected');
    assert.equal(kubelet.bootstrap.detail, 'Unauthorized');
    const { anonymousForbidden, clientCertificateUnreadable, csrRejected, exitingServerResponsive } =
      kubelet.journal;
    assert.deepEqual(
      [anonymousForbidden, clientCertificateUnreadable, csrRejected, exitingServerResponsive],
      [2, 1, 1, 1],
    );
    assert.deepEqual([kubelet.journal.apiUnreachable, kubelet.journal.serverCertificateUntrusted], [0, 0]);
  });

  it('sees a healthy one', async (t) => {
    const node = await withCertificate(t);
    const durable = token({
      sub: 'system:serviceaccount:openshift-machine-config-operator:node-bootstrapper',
    });
    node.write(bootstrap, bootstrapFile(durable));
    node.acceptTokens(durable);
    node.write('fake/http-6443', 'ok');
    node.write('fake/http-9978', '{"health":"true","reason":""}');
    node.write(
      'fake/pods.json',
      JSON.stringify({
        items: [
          {
            metadata: { name: 'etcd-master-1', namespace: 'openshift-etcd' },
            state: 'SANDBOX_NOTREADY',
            createdAt: '9',
            annotations: { 'kubernetes.io/config.source': 'file', 'kubernetes.io/config.hash': 'dead' },
          },
          {
            metadata: { name: 'etcd-master-1', namespace: 'openshift-etcd' },
            state: 'SANDBOX_READY',
            createdAt: '8',
            annotations: { 'kubernetes.io/config.source': 'file', 'kubernetes.io/config.hash': 'abc' },
          },
          {
            metadata: { name: 'etcd-master-1', namespace: 'openshift-etcd' },
            state: 'SANDBOX_READY',
            createdAt: '7',
            annotations: { 'kubernetes.io/config.source': 'api', 'kubernetes.io/config.hash': 'no' },
          },
        ],
      }),
    );
    const { kubelet, etcd, apiServer } = await look(node);
    assert.equal(kubelet.clientCertificate.state, 'present');
    assert.equal(
      kubelet.clientCertificate.state === 'present' && kubelet.clientCertificate.commonName,
      'system:node:master-1',
    );
    assert.equal(kubelet.clientCertificate.state === 'present' && kubelet.clientCertificate.isSymlink, true);
    assert.equal(
      kubelet.kubeconfig.state === 'present' && kubelet.kubeconfig.credential,
      'client-certificate-file',
    );
    assert.equal(kubelet.kubeconfig.state === 'present' && kubelet.kubeconfig.server, nodeServer);
    assert.equal(kubelet.bootstrap.accepted, 'yes');
    assert.equal(kubelet.bootstrap.tokenExpiresAt, undefined);
    assert.deepEqual(
      kubelet.manifests.map(({ namespace, podName, runningHash }) => [namespace, podName, runningHash]),
      [['openshift-etcd', 'etcd', 'abc']],
    );
    assert.deepEqual(
      [etcd, apiServer],
      [
        { healthy: true, detail: 'ok' },
        { healthy: true, detail: 'ok' },
      ],
    );
    assert.deepEqual([kubelet.adminCredentials, kubelet.temporaryCredentials], [[], []]);
    assert.equal(kubelet.unit.startedAt, '2026-11-22T20:31:08.000Z');
  });

  it('asks an API server that tells nobody with the kubelet’s own certificate, and does not guess without', async (t) => {
    const [own, none] = [await withCertificate(t), fakeNode(t)];
    for (const node of [own, none]) {
      node.write('fake/http-6443', 'ok');
      node.write('fake/anonymous-off', '');
    }
    assert.equal((await look(own)).apiServer.healthy, true);
    const { healthy, detail } = (await look(none)).apiServer;
    assert.equal(healthy, false);
    assert.match(detail, /HTTP 401: it answers, but does not say/);
  });

  it('tells a link to nowhere, a missing key and another key apart', async (t) => {
    const node = fakeNode(t);
    const [one, other] = [await certificate('CN=x'), await certificate('CN=x')];
    symlinkSync('gone.pem', join(node.root, pem));
    assert.deepEqual((await look(node)).kubelet.clientCertificate, { state: 'dangling', target: 'gone.pem' });
    unlinkSync(join(node.root, pem));
    for (const [content, detail] of [
      [one.pem, /no private key/],
      [one.pem + other.key, /not that of/],
    ] as const) {
      node.write(pem, content);
      const { clientCertificate } = (await look(node)).kubelet;
      assert.equal(clientCertificate.state, 'corrupt');
      assert.match(clientCertificate.state === 'corrupt' ? clientCertificate.detail : '', detail);
    }
  });

  it('finds a certificate of system:masters wherever it was planted', async (t) => {
    const node = fakeNode(t);
    const admin = await certificate('O=system:masters, CN=system:admin');
    const mixed = await certificate('O=system:nodes, O=system:masters, CN=x');
    const harmless = await certificate('O=system:masters-of-nothing, CN=x');
    node.write('var/lib/kubelet/pki/kubelet-client-2025.pem', mixed.pem + mixed.key);
    node.write('var/lib/kubelet/pki/bundle.crt', harmless.pem + harmless.pem);
    node.write(
      'var/lib/kubelet-recovery/old run/kubeconfig',
      kubeconfigText(nodeServer, { 'client-certificate-data': Buffer.from(admin.pem).toString('base64') }),
    );
    const json = JSON.stringify({
      users: [{ user: { 'client-certificate-data': Buffer.from(admin.pem).toString('base64') } }],
    });
    node.write('var/lib/kubelet/kubeconfig.bak', json);
    const { adminCredentials } = (await look(node)).kubelet;
    const found = adminCredentials.map((path) => path.slice(node.root.length)).sort();
    assert.deepEqual(found, [
      '/var/lib/kubelet-recovery/old run/kubeconfig',
      '/var/lib/kubelet/kubeconfig.bak',
      '/var/lib/kubelet/pki/kubelet-client-2025.pem',
    ]);
  });

  it('takes a certificate that it cannot read for one of system:masters, and says so', async (t) => {
    const node = fakeNode(t);
    node.write(
      'var/lib/kubelet/pki/broken.pem',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    );
    node.write(
      'var/lib/kubelet/kubeconfig.old',
      kubeconfigText(nodeServer, { 'client-certificate-data': 'AAAA' }),
    );
    const { adminCredentials } = (await look(node)).kubelet;
    assert.deepEqual(adminCredentials.map((line) => line.slice(node.root.length)).sort(), [
      '/var/lib/kubelet/kubeconfig.old (a certificate that cannot be read)',
      '/var/lib/kubelet/pki/broken.pem (a certificate that cannot be read)',
    ]);
  });

  it('names an unfinished file of ours, and sweeps away the working files of a script that was killed', async (t) => {
    const node = fakeNode(t);
    node.write('etc/kubernetes/kubeconfig.cpr-run-1', 'half');
    const dead = spawnSync('true').pid;
    const left = `run/control-plane-recovery/work.${dead}.abcdef/kubeconfig`;
    const live = `run/control-plane-recovery/work.${process.pid}.abcdef/kubeconfig`;
    for (const file of [left, live]) node.write(file, 'secret');
    const { temporaryCredentials } = (await look(node)).kubelet;
    assert.deepEqual(
      temporaryCredentials.map((path) => path.slice(node.root.length)),
      ['/etc/kubernetes/kubeconfig.cpr-run-1'],
    );
    assert.deepEqual([node.has(left), node.has(live)], [false, true]);
  });

  it('finds a token of node-bootstrapper that still works and ends, in any file but the bootstrap file', async (t) => {
    const node = fakeNode(t);
    const exp = Math.floor(Date.now() / 1000) + 3600;
    const sub = bootstrapRequester;
    node.write(bootstrap, bootstrapFile(token({ sub, exp })));
    node.write('etc/kubernetes/kubeconfig.old', bootstrapFile(token({ sub, exp })));
    node.write('var/lib/kubelet/config.json', bootstrapFile(token({ sub: 'a-registry', exp })));
    const copy = bootstrapFile(token({ sub, exp: 1000 }));
    node.write('var/lib/kubelet-recovery/run-0/bootstrap-kubeconfig', copy);
    node.write('var/lib/kubelet-recovery/run-0/kubeconfig', bootstrapFile(token({ sub })));
    const { temporaryCredentials, bootstrap: file } = (await look(node)).kubelet;
    assert.deepEqual(
      temporaryCredentials.map((path) => path.slice(node.root.length)),
      ['/etc/kubernetes/kubeconfig.old'],
    );
    assert.equal(file.tokenExpiresAt, new Date(exp * 1000).toISOString());
  });

  it('holds the backup of the old bootstrap file against another run, not against the one that made it', async (t) => {
    const node = fakeNode(t);
    const exp = Math.floor(Date.now() / 1000) + 3600;
    const file = '/var/lib/kubelet-recovery/run-1/bootstrap-kubeconfig';
    node.write(file, bootstrapFile(token({ sub: bootstrapRequester, exp })));
    const leftBehind = async (runId: string) => {
      const { kubelet } = await lookAtNode(node.lane, 'master-1', { runId });
      return kubelet.temporaryCredentials.map((path) => path.slice(node.root.length));
    };
    assert.deepEqual(await leftBehind('run-1'), []);
    assert.deepEqual(await leftBehind('run-2'), [file]);
  });

  it('does not call what it could not ask absent', async (t) => {
    const node = fakeNode(t);
    assert.equal((await look(node)).kubelet.journal.incomplete, undefined);
    node.write('fake/journalctl-fails', '');
    assert.equal((await look(node)).kubelet.journal.incomplete, true);
    node.write('fake/crictl-fails', '');
    await assert.rejects(look(node), /crictl could not be asked/);
  });

  it('is not confused by hostile names and lines', async (t) => {
    const node = fakeNode(t);
    node.write(
      'etc/kubernetes/manifests/\u001b[31m$(reboot)\n@@cpr-result observe observe-kubelet x ok .yaml',
      'kind: Pod\nmetadata: {name: "a\\u001b[2Jb"}',
    );
    node.write('etc/kubernetes/manifests/zz.yaml', '&a [*a, *a');
    node.write('etc/kubernetes/manifests/.hidden.yaml', 'kind: Pod');
    node.write('fake/journal', '@@cpr-result observe observe-kubelet x ok AAAA\n'.repeat(1000));
    node.write(
      'var/lib/kubelet/pki/\u001b]0;x\u0007.pem',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    );
    node.write('var/lib/kubelet/kubeconfig', 'kind: Config\n');
    const { kubelet } = await look(node);
    const detail = 'error: current-context must exist in order to minify';
    assert.deepEqual(kubelet.kubeconfig, { state: 'unreadable', detail });
    assert.deepEqual(
      kubelet.manifests.map(({ podName }) => podName),
      ['(altered) ab', 'etcd', '?'],
    );
    assert.doesNotMatch(JSON.stringify(kubelet), /\\u001b|\\n/);
  });

  it('does not read a machine of another name', async (t) => {
    const node = fakeNode(t);
    node.unit({ Environment: 'KUBELET_NODE_NAME=master-2' });
    await assert.rejects(look(node), /calls itself 'master-2'/);
  });

  it('believes the running kubelet’s own flag before anything else', async (t) => {
    const node = fakeNode(t);
    node.unit({ MainPID: '77', Environment: 'KUBELET_NODE_NAME=other' });
    node.write('proc/77/cmdline', '/usr/bin/kubelet\0--v=2\0--hostname-override=master-1\0');
    assert.equal((await look(node)).kubelet.nodeName, 'master-1');
  });
});
