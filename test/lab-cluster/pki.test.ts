import assert from 'node:assert/strict';
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { test } from 'node:test';
import { issue, loadSigner, makeSigner } from '../../lab/cluster/pki.ts';

const BOOTSTRAPPER = 'system:serviceaccount:openshift-machine-config-operator:node-bootstrapper';

test('a certificate is signed by its signer, also by one that was read back from disk', async () => {
  const signer = await makeSigner('csr-signer');
  const loaded = await loadSigner({ cert: signer.cert, key: signer.key });
  const { cert, key } = await issue(loaded, { commonName: 'system:node:master-1', use: ['client'] });
  const leaf = new X509Certificate(cert);
  assert.ok(leaf.verify(new X509Certificate(signer.cert).publicKey));
  assert.ok(leaf.checkPrivateKey(createPrivateKey(key)));
  assert.ok(!leaf.ca);
});

test('the bootstrapper has its 73 characters, more than OpenSSL lets through', async () => {
  const signer = await makeSigner('kubelet-bootstrap-kubeconfig-signer');
  const { cert } = await issue(signer, {
    commonName: BOOTSTRAPPER,
    organizations: ['a', 'b'],
    use: ['client'],
  });
  assert.equal(new X509Certificate(cert).subject, `O=a\nO=b\nCN=${BOOTSTRAPPER}`);
});

test('a certificate can be one whose time is over', async () => {
  const signer = await makeSigner('csr-signer');
  const notBefore = new Date('2026-01-01T00:00:00Z');
  const notAfter = new Date('2026-02-01T00:00:00Z');
  const { cert } = await issue(signer, { commonName: 'x', use: ['client'], notBefore, notAfter });
  assert.equal(new Date(new X509Certificate(cert).validTo).getTime(), notAfter.getTime());
});

test('a server certificate names exactly what it was asked to name', async () => {
  const signer = await makeSigner('kube-apiserver-localhost-signer');
  const request = { commonName: 'localhost', dnsNames: ['localhost'], addresses: ['127.0.0.1'] };
  const { cert } = await issue(signer, { ...request, use: ['server'] });
  assert.equal(new X509Certificate(cert).subjectAltName, 'DNS:localhost, IP Address:127.0.0.1');
});
