import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import 'reflect-metadata';
import { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from '@peculiar/x509';
import type { Csr } from '../../lab/cluster/approver.ts';
import { whyNot } from '../../lab/platform/approver.ts';
import type { MachineObject } from '../../lab/platform/machines.ts';

const ADDRESS = '10.78.0.23';

const machine = {
  metadata: { name: 'lab-x-master-2' },
  status: {
    nodeRef: { name: 'master-2' },
    addresses: [
      { type: 'InternalIP', address: ADDRESS },
      { type: 'Hostname', address: 'master-2' },
    ],
  },
} satisfies MachineObject;

let request: string;

before(async () => {
  request = await requestFor(ADDRESS, 'master-2');
});

async function requestFor(address: string, ...dns: string[]): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const names = [
    { type: 'ip' as const, value: address },
    ...dns.map((value) => ({ type: 'dns' as const, value })),
  ];
  const made = await Pkcs10CertificateRequestGenerator.create({
    name: 'O=system:nodes, CN=system:node:master-2',
    keys,
    signingAlgorithm: { ...algorithm, hash: 'SHA-256' },
    extensions: [new SubjectAlternativeNameExtension(names)],
  });
  return Buffer.from(made.toString('pem')).toString('base64');
}

function csr(changed: Partial<Csr> = {}, asked = request): Csr {
  const name = 'csr-1';
  return {
    name,
    uid: 'u1',
    createdAt: '2026-11-22T20:00:00Z',
    signerName: 'kubernetes.io/kubelet-serving',
    requester: 'system:node:master-2',
    node: 'master-2',
    pending: true,
    issued: false,
    object: {
      metadata: { name, uid: 'u1', creationTimestamp: '2026-11-22T20:00:00Z' },
      spec: { signerName: '', username: '', request: asked },
    },
    ...changed,
  };
}

test('a kubelet gets its serving certificate when its Machine has every name in the request', () => {
  assert.equal(whyNot(csr(), [machine]), undefined);
});

test('a request for an address that the Machine does not have stays pending', () => {
  const old = { ...machine.status, addresses: [{ type: 'InternalIP', address: '10.78.0.13' }] };
  assert.match(whyNot(csr(), [{ ...machine, status: old }]) ?? '', /does not have 10\.78\.0\.23, master-2/);
});

test('a name that is not the node’s own stays pending', async () => {
  const asked = await requestFor(ADDRESS, 'master-2', 'api-int.lab.test');
  assert.match(whyNot(csr({}, asked), [machine]) ?? '', /does not have api-int/);
});

test('who asks in the name of another node is refused', () => {
  assert.match(
    whyNot(csr({ requester: 'system:node:master-1' }), [machine]) ?? '',
    /in the name of master-2/,
  );
});

test('a node without a Machine, and one whose Machine is being deleted, is refused', () => {
  assert.match(whyNot(csr(), []) ?? '', /no Machine/);
  const metadata = { ...machine.metadata, deletionTimestamp: '2026-11-22T20:00:00Z' };
  assert.match(whyNot(csr(), [{ ...machine, metadata }]) ?? '', /being deleted/);
});
