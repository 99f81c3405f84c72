import 'reflect-metadata';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { CLIENT_SIGNER, CSRS, listCsrs } from '../cluster/approver.ts';
import { openApi } from '../cluster/api.ts';
import { waitUntil } from '../cluster/wait.ts';
import type { Lab } from '../handle.ts';
import { during } from '../host/progress.ts';
import type { Fault } from './fault.ts';
import { forget, savedDir } from './saved.ts';

const NAME = 'rival-csr';
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export const rivalCsr: Fault = {
  name: NAME,
  sentence:
    "Somebody who holds the bootstrap credential asks for the node's certificate, with a key of his own.",
  symptom:
    'A pending certificate signing request like that of the kubelet: same requester, subject and usages.',
  heal: 'Delete the requests that were filed this way.',

  async break(lab, node, { progress, signal }) {
    await during(progress, `${node}: rival request filed`, async () => {
      const { name } = await fileRivalCsr(lab, node);
      const pending = async () =>
        (await listCsrs(lab.api)).some((csr) => csr.name === name && csr.pending) || 'absent';
      await waitUntil(`${name} pending`, pending, { withinMs: 10_000, signal });
    });
  },

  async healByForce(lab, node, { progress }) {
    await during(progress, `${node}: rival requests deleted`, async () => {
      const dir = savedDir(lab, NAME, node);
      const ours = new Set(existsSync(dir) ? readdirSync(dir) : []);
      for (const { name } of await listCsrs(lab.api)) {
        if (ours.has(name)) await lab.api.send('DELETE', `${CSRS}/${name}`);
      }
      forget(lab, NAME, node);
    });
  },
};

/** Files a request that matches the kubelet's own in everything but the key. Any number, at any moment. */
export async function fileRivalCsr(lab: Lab, node: string): Promise<{ name: string; uid: string }> {
  const bootstrapper = openApi(lab.settings, lab.pki.read('kube-apiserver-server-ca.crt'), {
    cert: lab.pki.read('node-bootstrapper.crt'),
    key: lab.pki.read('node-bootstrapper.key'),
  });
  const body = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { generateName: 'csr-' },
    spec: {
      signerName: CLIENT_SIGNER,
      // What a kubelet asks for with an elliptic-curve key.
      usages: ['digital signature', 'client auth'],
      request: Buffer.from(await requestFor(node)).toString('base64'),
    },
  };
  const { metadata } = await bootstrapper.send<{ metadata: { name: string; uid: string } }>(
    'POST',
    CSRS,
    body,
  );
  const dir = savedDir(lab, NAME, node);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(join(dir, metadata.name), '');
  return metadata;
}

async function requestFor(node: string): Promise<string> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ O: ['system:nodes'] }, { CN: [`system:node:${node}`] }],
    keys,
    signingAlgorithm: ALGORITHM,
  });
  return `${request.toString('pem')}\n`;
}
