import 'reflect-metadata';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { CLIENT_SIGNER, CSRS, listCsrs } from '../cluster/approver.ts';
import { openApi, type ApiCredential } from '../cluster/api.ts';
import { waitUntil } from '../cluster/wait.ts';
import type { Lab } from '../handle.ts';
import { during } from '../host/progress.ts';
import type { Fault } from './fault.ts';
import { forget, savedDir } from './saved.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export const rivalCsr: Fault = requestFault({
  name: 'rival-csr',
  sentence:
    "Somebody who holds the bootstrap credential asks for the node's certificate, with a key of his own.",
  symptom:
    'A pending certificate signing request like that of the kubelet: same requester, subject and usages.',
  file: fileRivalCsr,
});

export const foreignCsr: Fault = requestFault({
  name: 'foreign-csr',
  sentence: 'A service account that is not the bootstrap account asks for the certificate of the node.',
  symptom: 'A pending certificate signing request for the node, of a requester that no kubelet is.',
  file: fileForeignCsr,
});

interface RequestFault extends Pick<Fault, 'name' | 'sentence' | 'symptom'> {
  file: typeof fileRivalCsr;
}

function requestFault({ name, sentence, symptom, file }: RequestFault): Fault {
  return {
    name,
    sentence,
    symptom,
    heal: 'Delete the requests that were filed this way.',

    async break(lab, node, { progress, signal }) {
      await during(progress, `${node}: ${name} filed`, async () => {
        const filed = await file(lab, node);
        const pending = async () =>
          (await listCsrs(lab.api)).some((csr) => csr.name === filed.name && csr.pending) || 'absent';
        await waitUntil(`${filed.name} pending`, pending, { withinMs: 10_000, signal });
      });
    },

    async healByForce(lab, node, { progress }) {
      await during(progress, `${node}: requests of ${name} deleted`, async () => {
        const dir = savedDir(lab, name, node);
        const ours = new Set(existsSync(dir) ? readdirSync(dir) : []);
        for (const csr of await listCsrs(lab.api)) {
          if (ours.has(csr.name)) await lab.api.send('DELETE', `${CSRS}/${csr.name}`);
        }
        forget(lab, name, node);
      });
    },
  };
}

interface Filed {
  name: string;
  uid: string;
}

/** Files a request that matches the kubelet's own in everything but the key. Any number, at any moment. */
export function fileRivalCsr(lab: Lab, node: string): Promise<Filed> {
  const bootstrapper = {
    cert: lab.pki.read('node-bootstrapper.crt'),
    key: lab.pki.read('node-bootstrapper.key'),
  };
  return fileCsr(lab, node, 'rival-csr', bootstrapper);
}

/** It may file requests as the bootstrap account may; nobody approves this one by itself either. */
async function fileForeignCsr(lab: Lab, node: string): Promise<Filed> {
  await lab.kubectl(['apply', '-f', '-'], { input: FOREIGNER });
  const token = await lab.kubectl(['create', 'token', 'somebody', '-n', 'default', '--duration=10m']);
  return fileCsr(lab, node, 'foreign-csr', { token: token.trim() });
}

const FOREIGNER = JSON.stringify({
  apiVersion: 'v1',
  kind: 'List',
  items: [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'somebody', namespace: 'default' } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'somebody-files-requests' },
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'ClusterRole',
        name: 'system:node-bootstrapper',
      },
      subjects: [{ kind: 'ServiceAccount', name: 'somebody', namespace: 'default' }],
    },
  ],
});

async function fileCsr(lab: Lab, node: string, fault: string, as: ApiCredential): Promise<Filed> {
  const requester = openApi(lab.settings, lab.pki.read('kube-apiserver-server-ca.crt'), as);
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
  const { metadata } = await requester.send<{ metadata: Filed }>('POST', CSRS, body);
  const dir = savedDir(lab, fault, node);
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
