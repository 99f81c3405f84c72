import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  allCertsKeysOf,
  hostnamesOf,
  mayRenew,
  staleBecause,
} from '../../lab/operator/rules/certificates.ts';
import {
  isStable,
  keptRevisions,
  nextRevision,
  sharedRevision,
  type Content,
  type Lookup,
} from '../../lab/operator/rules/revisions.ts';
import { status, three } from './support.ts';

const NAMES = ['master-0', 'master-1', 'master-2'] as const;
const settled = three((index) => status(index, 2));

test('a certificate is renewed for what its annotations say, never for what it is', () => {
  const now = new Date('2026-11-22T18:00:00Z');
  const annotations = {
    'auth.openshift.io/certificate-hostnames': hostnamesOf('10.77.0.12').join(','),
    'auth.openshift.io/certificate-not-after': '2031-11-21T17:28:43Z',
  };
  assert.equal(
    annotations['auth.openshift.io/certificate-hostnames'],
    '10.77.0.12,127.0.0.1,::1,etcd.kube-system.svc,etcd.kube-system.svc.cluster.local,etcd.openshift-etcd.svc,etcd.openshift-etcd.svc.cluster.local,localhost',
  );
  assert.equal(staleBecause(annotations, hostnamesOf('10.77.0.12'), now), undefined);
  assert.equal(
    staleBecause(annotations, hostnamesOf('10.77.0.22'), now),
    '"10.77.0.12" are existing and not required, "10.77.0.22" are required and not existing',
  );
  assert.equal(staleBecause(undefined, [], now), "secret doesn't exist");
  assert.equal(
    staleBecause(annotations, hostnamesOf('10.77.0.12'), new Date('2032-01-01')),
    'already expired',
  );
});

test('in mid-roll-out certificates stay stale, until a key is missing in etcd-all-certs', () => {
  const keys = NAMES.flatMap(allCertsKeysOf);
  const state = {
    waitsForStableRevision: true,
    sharedRevision: undefined,
    allCertsKeys: keys,
    masters: NAMES,
    hasBundles: true,
  };
  assert.match(String(mayRenew(state)), /revision rollout in progress, can't establish current revision/);
  assert.equal(
    mayRenew({ ...state, allCertsKeys: keys.filter((key) => key !== 'etcd-serving-master-2.key') }),
    true,
  );
  assert.equal(mayRenew({ ...state, hasBundles: false }), true);
  assert.equal(mayRenew({ ...state, sharedRevision: 2 }), true);
  assert.equal(mayRenew({ ...state, waitsForStableRevision: false }), true);
});

const OBJECTS: Record<string, Content> = {
  'configmap/etcd-pod': { 'pod.yaml': 'a' },
  'configmap/etcd-endpoints': { b: '10.0.0.11' },
  'configmap/etcd-all-bundles': { ca: 'x' },
  'secret/etcd-all-certs': { key: 'x' },
};

test('a revision comes from a change of data, says what changed, and not at all while an object is missing', () => {
  const copies = Object.fromEntries(Object.entries(OBJECTS).map(([name, data]) => [`${name}-2`, data]));
  assert.deepEqual(nextRevision(2, lookup({ ...OBJECTS, ...copies })), { needed: false });
  const changed = { ...OBJECTS, ...copies, 'configmap/etcd-pod': {}, 'secret/etcd-all-certs': {} };
  assert.deepEqual(nextRevision(2, lookup(changed)), {
    needed: true,
    revision: 3,
    reason: 'required secret/etcd-all-certs has changed,required configmap/etcd-pod has changed',
  });
  const { 'secret/etcd-all-certs': _gone, ...rest } = { ...OBJECTS, ...copies };
  assert.deepEqual(nextRevision(2, lookup(rest)), {
    needed: false,
    missing: 'secrets "etcd-all-certs" not found',
  });
  const first = nextRevision(0, lookup(OBJECTS));
  assert.ok(first.needed && first.revision === 1);
});

test('five revisions are kept, and those that a node needs', () => {
  assert.deepEqual(keptRevisions([status(0, 9), status(1, 3), status(2, 9, 10)], 10), [3, 6, 7, 8, 9, 10]);
  assert.deepEqual(keptRevisions(settled, 2), [1, 2]);
});

test('nodes share a revision only when none is on its way', () => {
  assert.equal(sharedRevision(settled), 2);
  assert.equal(sharedRevision(settled.with(0, status(0, 2, 3))), undefined);
  assert.equal(sharedRevision(settled.with(0, status(0, 3))), undefined);
  assert.equal(isStable(settled, 2), true);
  assert.equal(isStable(settled, 3), false);
});

function lookup(objects: Record<string, Content>): Lookup {
  return (kind, name) => objects[`${kind}/${name}`];
}
