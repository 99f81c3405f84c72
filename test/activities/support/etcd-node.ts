import type { TestContext } from 'node:test';
import { stringify } from 'yaml';
import { certificate } from './certificates.ts';
import { memberWords } from './etcd-words.ts';
import { fakeNode, type FakeNode } from './fake-node.ts';

const certs = 'etc/kubernetes/static-pod-resources/etcd-certs/secrets/etcd-all-certs';

/** A master whose etcd is well: its containers, its files, and what etcdctl says in its pod. */
export async function etcdNode(t: TestContext): Promise<FakeNode> {
  const node = fakeNode(t);
  const manifest = manifestOf('2');
  node.write('etc/kubernetes/manifests/etcd-pod.yaml', manifest);
  node.write('etc/kubernetes/static-pod-resources/etcd-pod-2/etcd-pod.yaml', manifest);
  for (const kind of ['etcd-peer', 'etcd-serving']) {
    const { pem, key } = await certificate('CN=etcd');
    writeCertificate(node, kind, pem, key);
  }
  node.write('var/lib/etcd/member/snap/db', database());
  node.write(
    'var/lib/etcd/member/wal/0000000000000000-0000000000000000.wal',
    Buffer.from('040000000000008408041000', 'hex'),
  );
  containersOf(node, { etcd: 'RUNNING' });
  // A place at which nobody listens on any machine, since the scripts knock there.
  node.write('fake/exec', memberWords().replaceAll('10.79.0.', '127.79.0.'));
  return node;
}

export function writeCertificate(node: FakeNode, kind: string, pem: string, key: string): void {
  node.write(`${certs}/${kind}-master-1.crt`, pem);
  node.write(`${certs}/${kind}-master-1.key`, key);
}

export function manifestOf(revision: string): string {
  const metadata = { name: 'etcd', namespace: 'openshift-etcd', labels: { revision } };
  return stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ name: 'etcd' }] } });
}

function container(name: string, state: string, id: string, createdAt: string, pod = 'etcd-master-1') {
  const labels = { 'io.kubernetes.pod.name': pod, 'io.kubernetes.pod.namespace': 'openshift-etcd' };
  return { id, metadata: { name, attempt: 0 }, state: `CONTAINER_${state}`, createdAt, labels };
}

/** The container etcd in this state, and how often it was there before; logs go to `fake/logs/<id>`. */
export function containersOf(node: FakeNode, { etcd, before = 0 }: { etcd: string; before?: number }): void {
  const containers = [
    container('etcd-ensure-env-vars', 'EXITED', 'init', '1795846828768759472'),
    container('etcdctl', 'RUNNING', 'shell', '1795846830744253412'),
    container('etcd', etcd, `etcd-${before}`, '1795846867885817412'),
    ...Array.from({ length: before }, (_, index) =>
      container('etcd', 'EXITED', `etcd-${index}`, `17958468508858174${10 + index}`),
    ),
    // Another pod whose name begins alike.
    container('etcd', 'RUNNING', 'stranger', '1795846899999999999', 'etcd-master-10'),
  ];
  node.write('fake/containers.json', JSON.stringify({ containers }));
  for (const { id } of containers) if (!node.has(`fake/logs/${id}`)) node.write(`fake/logs/${id}`, 'well\n');
}

/** Two meta pages as bbolt writes them, the second one newer. */
export function database(change: (pages: Buffer) => void = () => undefined): Buffer {
  const pages = Buffer.alloc(4 * 4096);
  for (const [index, at] of [0, 4096].entries()) {
    const meta = pages.subarray(at + 16, at + 80);
    meta.writeUInt32LE(0xed0c_daed, 0);
    meta.writeUInt32LE(2, 4);
    meta.writeUInt32LE(4096, 8);
    meta.writeBigUInt64LE(3n, 16);
    meta.writeBigUInt64LE(BigInt(100 + index), 48);
    meta.writeBigUInt64LE(checksum(meta.subarray(0, 56)), 56);
  }
  change(pages);
  return pages;
}

/** FNV-1a of 64 bits, as Go's hash/fnv has it. */
function checksum(bytes: Uint8Array): bigint {
  return bytes.reduce(
    (hash, byte) => BigInt.asUintN(64, (hash ^ BigInt(byte)) * 1_099_511_628_211n),
    14_695_981_039_346_656_037n,
  );
}
