import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSigner } from '../../lab/cluster/pki.ts';
import { openBoard } from '../../lab/operator/board.ts';
import type { Operator } from '../../lab/operator/context.ts';
import { syncCertificates } from '../../lab/operator/controllers/certificates.ts';
import type { DataObject } from '../../lab/operator/objects.ts';
import { allCertsKeysOf, hostnamesOf, NODE_CERTIFICATES } from '../../lab/operator/rules/certificates.ts';
import { PROFILES } from '../../lab/operator/rules/profiles.ts';
import type { View } from '../../lab/operator/view.ts';
import { master, status, three } from './support.ts';

const signer = await makeSigner('etcd-signer');

function nothing(): Promise<never> {
  return Promise.reject(new Error('not asked'));
}

/** A roll-out is in progress, and one key was taken out of etcd-all-certs. */
function world(addressOf: (index: number) => string) {
  const masters = three((index) => ({ ...master(index), address: addressOf(index) }));
  const secrets = new Map<string, DataObject>();
  for (const index of [0, 1, 2]) {
    const annotations = {
      'auth.openshift.io/certificate-hostnames': hostnamesOf(master(index).address).join(','),
      'auth.openshift.io/certificate-not-after': '2099-01-01T00:00:00Z',
    };
    for (const kind of NODE_CERTIFICATES) {
      const name = `${kind}-master-${index}`;
      secrets.set(name, { metadata: { name, annotations }, data: { 'tls.crt': 'old', 'tls.key': 'old' } });
    }
  }
  const keys = masters.flatMap(({ name }) => allCertsKeysOf(name)).slice(1);
  const all = Object.fromEntries(keys.map((key) => [key, 'old']));
  secrets.set('etcd-all-certs', { metadata: { name: 'etcd-all-certs' }, data: all });
  const bundles: DataObject = { metadata: { name: 'etcd-all-bundles' }, data: {} };
  const written: string[] = [];
  const resource = {
    status: { latestAvailableRevision: 3, nodeStatuses: three((index) => status(index, index + 1)) },
  };
  const operator: Operator = {
    api: {
      get: nothing,
      send: async <T>(_method: string, path: string) => {
        written.push(path.split('/').at(-1) ?? '');
        return {} as T;
      },
    },
    profile: PROFILES.main,
    images: { etcdImage: '', hyperkubeImage: '' },
    installerWait: () => 30,
    pki: { read: (file) => (file.endsWith('.key') ? signer.key : signer.cert) },
    board: openBoard(resource, PROFILES.main),
    record: () => {},
    log: () => {},
    etcd: { members: nothing, health: nothing, addLearner: nothing, promote: nothing, remove: nothing },
    cache: { now: () => undefined, run: nothing },
    liveMembers: () => undefined,
    due: (_what, need) => need !== undefined,
  };
  const view: View = {
    etcd: {},
    masters,
    machines: undefined,
    pods: [],
    operands: [],
    object: (kind, name) =>
      kind === 'secret' ? secrets.get(name) : name === 'etcd-all-bundles' ? bundles : undefined,
    names: () => [],
    events: '',
  };
  return { operator, view, written };
}

test('a key that is missing in etcd-all-certs renews what is stale first: a copy of the old would end it', async () => {
  const { operator, view, written } = world((index) => (index === 2 ? '10.0.0.23' : master(index).address));
  await syncCertificates(view, operator);
  assert.ok(written.includes('etcd-peer-master-2'));
  assert.ok(!written.includes('etcd-all-certs'));
});

test('with all certificates current the missing key is put back', async () => {
  const { operator, view, written } = world((index) => master(index).address);
  await syncCertificates(view, operator);
  assert.ok(!written.includes('etcd-peer-master-2'));
  assert.ok(written.includes('etcd-all-certs'));
});
