import { X509Certificate } from 'node:crypto';
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { lookAtNode } from '../../../activities/observe/node.ts';
import { certificate, type KeyedCertificate } from './certificates.ts';
import { kubeconfigText, nodeServer, type FakeNode } from './fake-node.ts';

/** With what a kubelet of a fake node could be somebody, and whom its API takes that for. */

export const pki = 'var/lib/kubelet/pki';
export const admins = 'etc/kubernetes/static-pod-resources/kube-apiserver-certs/secrets/node-kubeconfigs';
export const own = 'O=system:nodes, CN=system:node:master-1';
export const adminSubject = 'O=system:masters, CN=system:admin';

export async function look(node: FakeNode) {
  return (await lookAtNode(node.lane, 'master-1', {})).kubelet;
}

/** A file of the kubelet's, as old as that many minutes. */
export function put(node: FakeNode, name: string, content: string, minutesAgo = 0): void {
  node.write(`${pki}/${name}`, content);
  const at = new Date(Date.now() - minutesAgo * 60_000);
  utimesSync(join(node.root, pki, name), at, at);
}

export function pemOf({ pem, key }: KeyedCertificate): string {
  return pem + key;
}

export function accept(node: FakeNode, ...certificates: KeyedCertificate[]): void {
  const serials = certificates.map(({ pem }) => `${new X509Certificate(pem).serialNumber}\n`);
  node.write('fake/accepted-certificates', serials.join(''));
  node.write('fake/http-6443', 'ok');
}

export async function withAdminKubeconfigs(node: FakeNode): Promise<KeyedCertificate> {
  const admin = await certificate(adminSubject);
  const user = {
    'client-certificate-data': Buffer.from(admin.pem).toString('base64'),
    'client-key-data': Buffer.from(admin.key).toString('base64'),
  };
  for (const name of ['localhost', 'localhost-recovery', 'lb-int', 'lb-ext']) {
    const server = name.startsWith('lb') ? nodeServer : 'https://localhost:6443';
    node.write(`${admins}/${name}.kubeconfig`, kubeconfigText(server, user));
  }
  return admin;
}
