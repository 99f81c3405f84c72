import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  proveGraduated,
  proveRecovered,
  proveServing,
  type ProofSeen,
} from '../../../domain/kubelet/proof.ts';
import {
  healthyObservation,
  kubeletOf,
  masterOf,
  nodeOf,
  observedAt,
  secondsAfter,
  server,
} from '../../support/observations.ts';

/** Ten seconds after the restart of master-1's kubelet, all is well. */
const since = secondsAfter(observedAt, -10);
const expected = { node: 'master-1', server, since };

function recovered(): ProofSeen {
  const observation = healthyObservation();
  const { mirrorPods, etcd, apiServer } = masterOf(observation, 'master-1');
  assert.ok(mirrorPods.known && etcd.known && apiServer.known);
  for (const pod of mirrorPods.value) pod.statusTime = secondsAfter(observedAt, -6);
  const kubelet = kubeletOf(observation, 'master-1');
  kubelet.unit.startedAt = since;
  return {
    kubelet,
    node: nodeOf(observation, 'master-1'),
    mirrorPods: mirrorPods.value,
    etcd: etcd.value,
    apiServer: apiServer.value,
  };
}

function certificateOf({ kubelet }: ProofSeen) {
  assert.ok(kubelet.clientCertificate.state === 'present');
  return kubelet.clientCertificate;
}

function kubeconfigOf({ kubelet }: ProofSeen) {
  assert.ok(kubelet.kubeconfig.state === 'present');
  return kubelet.kubeconfig;
}

test('a recovered and graduated node proves everything and misses nothing', () => {
  assert.deepEqual(proveRecovered(recovered(), expected).missing, []);
  const { proofs, missing } = proveGraduated(recovered(), expected);
  assert.deepEqual(missing, []);
  assert.equal(proofs.length, 13);
});

const down = { healthy: false, detail: 'connection refused' };

type Change = (seen: ProofSeen) => unknown;

test('clocks that differ between the node and the API server are put right before a status is called stale or new', () => {
  const seen = recovered();
  for (const pod of seen.mirrorPods) pod.statusTime = secondsAfter(observedAt, -106);
  assert.match(proveRecovered(seen, expected).missing.join(), /older than the restart/);
  assert.deepEqual(proveRecovered(seen, { ...expected, apiAheadMs: -100_000 }).missing, []);
  for (const pod of seen.mirrorPods) pod.statusTime = secondsAfter(observedAt, -6);
  assert.match(proveRecovered(seen, { ...expected, apiAheadMs: 100_000 }).missing.join(), /older than/);
});

/** Each turns exactly one proof red, in both stages. */
const notRecovered: [string, RegExp, Change][] = [
  [
    'the API server rejects it, though the file says what it should',
    /takes it for system:node:master-1.*: rejected \(Unauthorized\)/,
    ({ kubelet }) => (kubelet.identity = { accepted: 'rejected', detail: 'Unauthorized' }),
  ],
  [
    'the API server takes it for another',
    /takes it for system:node:master-1.*: it takes it for system:admin/,
    ({ kubelet }) => (kubelet.identity.username = 'system:admin'),
  ],
  [
    'nobody knows whom the API server takes it for',
    /takes it for system:node:master-1.*: unknown/,
    ({ kubelet }) => (kubelet.identity = { accepted: 'unknown', detail: 'no answer' }),
  ],
  [
    'the kubelet does not run',
    /runs: .*activating/,
    ({ kubelet }) => (kubelet.unit.activeState = 'activating'),
  ],
  [
    'a planted admin certificate',
    /own: .*system:masters/,
    (seen) =>
      Object.assign(certificateOf(seen), { organizations: ['system:masters'], commonName: 'system:admin' }),
  ],
  [
    'system:masters besides system:nodes',
    /own: .*system:masters/,
    (seen) => certificateOf(seen).organizations.push('system:masters'),
  ],
  [
    'the certificate of another node',
    /own: .*master-2/,
    (seen) => (certificateOf(seen).commonName = 'system:node:master-2'),
  ],
  ['its etcd is not healthy', /etcd member .*refused/, (seen) => (seen.etcd = down)],
  ['its API server is not healthy', /API server .*refused/, (seen) => (seen.apiServer = down)],
  ['no certificate', /: it is missing/, ({ kubelet }) => (kubelet.clientCertificate = { state: 'missing' })],
  ['a certificate that is no link', /regular file/, (seen) => (certificateOf(seen).isSymlink = false)],
  ['an expired certificate', /valid from/, (seen) => (certificateOf(seen).notAfter = observedAt)],
  [
    'a certificate that is not valid yet',
    /valid from/,
    (seen) => (certificateOf(seen).notBefore = secondsAfter(observedAt, 1)),
  ],
  [
    'a kubeconfig that points at localhost',
    /points at https:\/\/localhost/,
    (seen) => (kubeconfigOf(seen).server = 'https://localhost:6443'),
  ],
  [
    'a kubeconfig with an embedded certificate',
    /client-certificate-data/,
    (seen) => (kubeconfigOf(seen).credential = 'client-certificate-data'),
  ],
  [
    'a kubeconfig that names another key',
    /names \/tmp\/key/,
    (seen) => (kubeconfigOf(seen).keyPath = '/tmp/key'),
  ],
  ['a kubeconfig that names no key', /names no file/, (seen) => delete kubeconfigOf(seen).keyPath],
  [
    'a lease that is 41 seconds old',
    /lease/,
    ({ node }) => (node.leaseRenewedAt = secondsAfter(observedAt, -41)),
  ],
  [
    'a lease that the predecessor renewed',
    /lease/,
    ({ node }) => (node.leaseRenewedAt = secondsAfter(since, -1)),
  ],
  ['no lease', /renews its lease: last renewed never/, ({ node }) => delete node.leaseRenewedAt],
  ['a Node that is not Ready', /Ready: Unknown/, ({ node }) => (node.ready = 'Unknown')],
  [
    'a stale mirror pod',
    /older than the restart/,
    ({ mirrorPods }) => mirrorPods[0] && (mirrorPods[0].statusTime = secondsAfter(since, -1)),
  ],
  [
    'a mirror pod without status',
    /has no status of its kubelet yet/,
    ({ mirrorPods }) => mirrorPods[0] && delete mirrorPods[0].statusTime,
  ],
  ['a missing mirror pod', /is missing/, ({ mirrorPods }) => mirrorPods.pop()],
  [
    'a mirror pod that is being deleted',
    /being deleted/,
    ({ mirrorPods }) => mirrorPods[0] && (mirrorPods[0].terminating = true),
  ],
  [
    'a mirror pod of another manifest',
    /not of the manifest/,
    ({ mirrorPods }) => mirrorPods[0] && (mirrorPods[0].configHash = 'other'),
  ],
  [
    'a manifest that runs nowhere',
    /runs in no sandbox/,
    ({ kubelet }) => kubelet.manifests[0] && delete kubelet.manifests[0].runningHash,
  ],
  ['no manifest at all', /no static pod manifest/, ({ kubelet }) => (kubelet.manifests = [])],
];

for (const [name, missing, change] of notRecovered) {
  test(`${name} turns the proof of recovery red`, () => {
    for (const prove of [proveRecovered, proveGraduated]) {
      const seen = recovered();
      change(seen);
      const proof = prove(seen, expected);
      assert.equal(proof.missing.length, 1);
      assert.match(proof.missing[0] ?? '', missing);
    }
  });
}

/** Each turns graduation red, while the node itself has recovered. */
const notGraduated: [string, RegExp, Change][] = [
  [
    'the one-hour token left in the bootstrap file',
    /expires at/,
    ({ kubelet }) => (kubelet.bootstrap.tokenExpiresAt = secondsAfter(observedAt, 3_000)),
  ],
  [
    'a token left elsewhere',
    /temporary .*backup\/x/,
    ({ kubelet }) => kubelet.temporaryCredentials.push('/backup/x'),
  ],
  [
    'an admin certificate left in pki',
    /system:masters .*pki\/x/,
    ({ kubelet }) => kubelet.adminCredentials.push('/var/lib/kubelet/pki/x'),
  ],
  [
    'no bootstrap file',
    /accepted: it is missing/,
    ({ kubelet }) => (kubelet.bootstrap.file = { state: 'missing' }),
  ],
  [
    'a bootstrap file that is rejected',
    /rejected \(Unauthorized\)/,
    ({ kubelet }) => Object.assign(kubelet.bootstrap, { accepted: 'rejected', detail: 'Unauthorized' }),
  ],
  [
    'a bootstrap file that nobody could ask with',
    /unknown/,
    ({ kubelet }) => (kubelet.bootstrap.accepted = 'unknown'),
  ],
  [
    'a bootstrap file for another server',
    /points at/,
    ({ kubelet }) =>
      kubelet.bootstrap.file.state === 'present' &&
      (kubelet.bootstrap.file.server = 'https://localhost:6443'),
  ],
  [
    'a bootstrap file without a token',
    /holds neither a token/,
    ({ kubelet }) => delete kubelet.bootstrap.tokenSubject,
  ],
  [
    'the token of another',
    /credential is that of/,
    ({ kubelet }) => (kubelet.bootstrap.tokenSubject = 'system:serviceaccount:kube-system:admin'),
  ],
];

for (const [name, missing, change] of notGraduated) {
  test(`${name} turns the proof of graduation red, and that alone`, () => {
    const seen = recovered();
    change(seen);
    assert.deepEqual(proveRecovered(seen, expected).missing, []);
    const proof = proveGraduated(seen, expected);
    assert.equal(proof.missing.length, 1);
    assert.match(proof.missing[0] ?? '', missing);
  });
}

test('a bootstrap file that is owed is not judged, and all the rest is', () => {
  const seen = recovered();
  seen.kubelet.bootstrap.accepted = 'rejected';
  assert.deepEqual(proveGraduated(seen, { ...expected, bootstrapOwed: true }).missing, []);
  seen.kubelet.adminCredentials.push('/var/lib/kubelet/kubeconfig');
  assert.equal(proveGraduated(seen, { ...expected, bootstrapOwed: true }).missing.length, 1);
});

test('a bootstrap certificate of node-bootstrapper lasts when it ends in years, and not when it ends tomorrow', () => {
  const seen = recovered();
  delete seen.kubelet.bootstrap.tokenSubject;
  const { file } = seen.kubelet.bootstrap;
  assert.ok(file.state === 'present');
  file.embeddedCommonName = 'system:serviceaccount:openshift-machine-config-operator:node-bootstrapper';
  file.embeddedNotAfter = secondsAfter(observedAt, 8 * 365 * 86_400);
  assert.deepEqual(proveGraduated(seen, expected).missing, []);
  file.embeddedNotAfter = secondsAfter(observedAt, 86_400);
  assert.match(proveGraduated(seen, expected).missing.join(), /does not expire: it expires at/);
});

test('a node that serves with another identity is proved to serve, and not to be itself', () => {
  const seen = recovered();
  if (seen.kubelet.clientCertificate.state === 'present')
    seen.kubelet.clientCertificate.organizations = ['system:masters'];
  assert.deepEqual(proveServing(seen, expected).missing, []);
  assert.equal(proveRecovered(seen, expected).missing.length, 1);
});

test('the statuses of a node that has been Ready all the time may be older than the restart; once it was taken for dead, not', () => {
  const seen = recovered();
  for (const pod of seen.mirrorPods) pod.statusTime = secondsAfter(since, -3_000);
  seen.node.readySince = secondsAfter(since, -9_000);
  assert.deepEqual(proveRecovered(seen, expected).missing, []);
  seen.node.readySince = secondsAfter(since, 5);
  assert.match(proveRecovered(seen, expected).missing.join(), /older than the restart/);
});

test('a pod that was made again on a node that stayed Ready proves nothing before its kubelet has written its status', () => {
  const seen = recovered();
  seen.node.readySince = secondsAfter(since, -9_000);
  delete seen.mirrorPods[0]!.statusTime;
  assert.match(proveRecovered(seen, expected).missing.join(), /has no status of its kubelet yet/);
});

test('a status of the same second as the restart is not older than it', () => {
  const seen = recovered();
  for (const pod of seen.mirrorPods) pod.statusTime = since;
  const proof = proveRecovered(seen, { ...expected, since: secondsAfter(since, 0.4) });
  assert.deepEqual(proof.missing, []);
});
