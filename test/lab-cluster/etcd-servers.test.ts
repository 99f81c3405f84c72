import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withAddresses } from '../../lab/cluster/etcd-servers.ts';
import { staticPods } from '../../lab/cluster/manifests.ts';
import { addressOf, labSettings, MASTERS } from '../../lab/settings.ts';

const settings = labSettings({});
const images = { hyperkubeImage: 'hyperkube', etcdImage: 'etcd' };
const made = staticPods({ settings, images, platform: 'main' }, 'master-1')['kube-apiserver-pod.yaml'] ?? '';
const etcd = MASTERS.map((node) => addressOf(settings, node));
const own = addressOf(settings, 'master-1');

test('an API server that knows where etcd is stays as it is, byte for byte', () => {
  assert.equal(withAddresses(made, { own, etcd }), made);
});

test('after a move an API server is told the new address, and nothing else changes', () => {
  const [first = '', , third = ''] = etcd;
  const moved = withAddresses(made, { own: '10.9.9.9', etcd: [first, '10.9.9.9', third] });
  assert.ok(
    moved.includes(
      `--etcd-servers=https://${first}:2379,https://10.9.9.9:2379,https://${third}:2379,https://localhost:2379`,
    ),
  );
  assert.ok(moved.includes('--advertise-address=10.9.9.9'));
  assert.equal(withAddresses(moved, { own, etcd }), made);
});
