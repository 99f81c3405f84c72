import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeletEvidence, Observation } from '../../../domain/control-plane.ts';
import type { KubeletClass, Standing } from '../../../domain/kubelet/classes.ts';
import { classify } from '../../../domain/kubelet/classify.ts';
import { known, unknown } from '../../../domain/reading.ts';
import {
  apiUnreachable,
  healthyObservation,
  incidentOn,
  kubeletCsr,
  kubeletOf,
  masterOf,
  nodeOf,
  observedAt,
  secondsAfter,
  unreachableBySsh,
} from '../../support/observations.ts';

type Change = (kubelet: KubeletEvidence, observation: Observation) => void;

const own = { state: 'present', isSymlink: true, issuer: 'CN=csr-signer', serial: '4F2A' } as const;
const valid = { notBefore: secondsAfter(observedAt, -900), notAfter: secondsAfter(observedAt, 900) };
const expired = { notBefore: secondsAfter(observedAt, -900), notAfter: secondsAfter(observedAt, -1) };
const itself = { commonName: 'system:node:master-1', organizations: ['system:nodes'] };
const admin = { commonName: 'system:admin', organizations: ['system:masters'] };

/** Each is the incident, changed in one thing. */
const broken: [string, KubeletClass | undefined, Standing, Change][] = [
  ['the incident itself', 'C5', 'lost', () => {}],
  [
    'the link points at nothing',
    'C5',
    'lost',
    (kubelet) => (kubelet.clientCertificate = { state: 'dangling', target: 'x.pem' }),
  ],
  [
    'the certificate has expired',
    'C5',
    'lost',
    (kubelet) => (kubelet.clientCertificate = { ...own, ...itself, ...expired }),
  ],
  [
    'no bootstrap file',
    'C5',
    'lost',
    (kubelet) => (kubelet.bootstrap = { file: { state: 'missing' }, accepted: 'unknown', detail: '' }),
  ],
  [
    'the bootstrap file cannot be parsed',
    'C5',
    'lost',
    (kubelet) => (kubelet.bootstrap.file = { state: 'unreadable', detail: 'yaml' }),
  ],
  ['the bootstrap credential is good', 'C4', 'lost', (kubelet) => (kubelet.bootstrap.accepted = 'yes')],
  [
    'nobody knows whether the bootstrap credential is good',
    undefined,
    'unknown',
    (kubelet) => (kubelet.bootstrap.accepted = 'unknown'),
  ],
  [
    'nobody knows, for the kubelet does not reach the API',
    'C8',
    'ailing',
    (kubelet) => {
      kubelet.bootstrap.accepted = 'unknown';
      kubelet.journal.apiUnreachable = 9;
    },
  ],
  [
    'its request waits',
    'C1',
    'lost',
    (_, observation) => (observation.csrs = known([kubeletCsr('master-1')], '')),
  ],
  [
    'a request waits, but an earlier start of the kubelet filed it',
    'C5',
    'lost',
    (_, observation) =>
      (observation.csrs = known([kubeletCsr('master-1', { createdAt: secondsAfter(observedAt, -130) })], '')),
  ],
  [
    'the request of another node waits',
    'C5',
    'lost',
    (_, observation) => (observation.csrs = known([kubeletCsr('master-2')], '')),
  ],
  [
    'its request is approved and not issued',
    'C2',
    'lost',
    (_, observation) => (observation.csrs = known([kubeletCsr('master-1', { state: 'Approved' })], '')),
  ],
  [
    'its request was denied',
    'C2',
    'lost',
    (_, observation) => (observation.csrs = known([kubeletCsr('master-1', { state: 'Denied' })], '')),
  ],
  [
    'the file is corrupt',
    'C6',
    'lost',
    (kubelet) => (kubelet.clientCertificate = { state: 'corrupt', detail: 'no PEM' }),
  ],
  [
    'the file is no link',
    'C6',
    'lost',
    (kubelet) => (kubelet.clientCertificate = { ...own, ...itself, ...valid, isSymlink: false }),
  ],
  [
    'the certificate is that of an admin',
    'C7',
    'lost',
    (kubelet) => (kubelet.clientCertificate = { ...own, ...admin, ...valid }),
  ],
  [
    'the certificate is the node’s, with system:masters besides',
    'C7',
    'lost',
    (kubelet) =>
      (kubelet.clientCertificate = {
        ...own,
        ...itself,
        ...valid,
        organizations: ['system:nodes', 'system:masters'],
      }),
  ],
  [
    'the certificate is good, and the kubelet is silent all the same',
    'C0',
    'ailing',
    (kubelet) => (kubelet.clientCertificate = { ...own, ...itself, ...valid }),
  ],
  [
    'the certificate is good, and the API server’s is not trusted',
    'C8',
    'ailing',
    (kubelet) => {
      kubelet.clientCertificate = { ...own, ...itself, ...valid };
      kubelet.journal.serverCertificateUntrusted = 3;
    },
  ],
  [
    'the clock is ten minutes ahead',
    'C8',
    'ailing',
    (kubelet) => (kubelet.nodeTime = secondsAfter(observedAt, 600)),
  ],
  ['the clock says nonsense', 'C8', 'ailing', (kubelet) => (kubelet.nodeTime = 'yesterday')],
  ['the disk cannot be written', 'C8', 'ailing', (kubelet) => (kubelet.disk.writable = false)],
  ['the kubelet is stopped', 'C0', 'stopped', (kubelet) => (kubelet.unit.activeState = 'inactive')],
  ['the kubelet has failed', 'C0', 'stopped', (kubelet) => (kubelet.unit.activeState = 'failed')],
  [
    'systemd is about to start it again',
    'C5',
    'lost',
    (kubelet) => (kubelet.unit = { ...kubelet.unit, activeState: 'activating', subState: 'auto-restart' }),
  ],
  ['the API is gone', undefined, 'unknown', (_, observation) => apiUnreachable(observation)],
  ['ssh is closed', undefined, 'unknown', (_, observation) => unreachableBySsh(observation, 'master-1')],
];

for (const [name, expected, standing, change] of broken) {
  test(`a silent kubelet is ${expected ?? 'unknown'} (${standing}) when ${name}`, () => {
    const observation = incidentOn('master-1');
    change(kubeletOf(observation, 'master-1'), observation);
    const seen = classify(masterOf(observation, 'master-1'), observation);
    assert.deepEqual([seen.class, seen.standing], [expected, standing], seen.sentence);
  });
}

/** Each is a healthy master, changed in one thing. */
const working: [string, KubeletClass, Standing, Change][] = [
  ['nothing is wrong', 'C0', 'healthy', () => {}],
  [
    'the file is gone from the disk',
    'C3',
    'latent',
    (kubelet) => (kubelet.clientCertificate = { state: 'missing' }),
  ],
  [
    'the file is no link',
    'C6',
    'latent',
    (kubelet) => (kubelet.clientCertificate = { ...own, ...itself, ...valid, isSymlink: false }),
  ],
  [
    'it speaks as an admin',
    'C7',
    'latent',
    (kubelet) => (kubelet.clientCertificate = { ...own, ...admin, ...valid }),
  ],
  [
    'a mirror pod is missing',
    'C0',
    'ailing',
    (_, observation) => (masterOf(observation, 'master-1').mirrorPods = known([], '')),
  ],
  [
    'its mirror pods cannot be read',
    'C0',
    'ailing',
    (_, observation) => (masterOf(observation, 'master-1').mirrorPods = unknown('403', '')),
  ],
  ['no manifest was seen', 'C0', 'ailing', (kubelet) => (kubelet.manifests = [])],
  [
    'its Node is not Ready',
    'C0',
    'ailing',
    (_, observation) => (nodeOf(observation, 'master-1').ready = 'False'),
  ],
  [
    'it started after its last renewal',
    'C0',
    'healthy',
    (kubelet) => (kubelet.unit.startedAt = secondsAfter(observedAt, -1)),
  ],
];

for (const [name, expected, standing, change] of working) {
  test(`a kubelet that renews its lease is ${expected} (${standing}) when ${name}`, () => {
    const observation = healthyObservation();
    change(kubeletOf(observation, 'master-1'), observation);
    const seen = classify(masterOf(observation, 'master-1'), observation);
    assert.deepEqual([seen.class, seen.standing], [expected, standing], seen.sentence);
  });
}

test('a lease renewed by the kubelet before this one does not make this one authenticated', () => {
  const observation = healthyObservation();
  const kubelet = kubeletOf(observation, 'master-1');
  kubelet.clientCertificate = { state: 'missing' };
  kubelet.clientFiles = [];
  kubelet.bootstrap.accepted = 'rejected';
  kubelet.unit.startedAt = secondsAfter(observedAt, -2);
  assert.equal(classify(masterOf(observation, 'master-1'), observation).class, 'C5');
});

test('nor one that has another node’s certificate: it is lost as soon as it has started with it, not when the lease runs out', () => {
  const observation = healthyObservation();
  const kubelet = kubeletOf(observation, 'master-1');
  kubelet.clientCertificate = { ...own, ...itself, ...valid, commonName: 'system:node:master-0' };
  const standing = () => classify(masterOf(observation, 'master-1'), observation).standing;
  assert.equal(standing(), 'latent', 'the file has changed under a kubelet that works');
  kubelet.unit.startedAt = secondsAfter(observedAt, -2);
  assert.equal(standing(), 'lost');
});

test('which request is that of the kubelet that runs is told by one clock, however wrong that of its node is', () => {
  for (const aheadS of [-240, 0, 240]) {
    const observation = incidentOn('master-1');
    const kubelet = kubeletOf(observation, 'master-1');
    kubelet.bootstrap.accepted = 'yes';
    kubelet.nodeTime = secondsAfter(observedAt, aheadS);
    kubelet.unit.startedAt = secondsAfter(observedAt, aheadS - 120);
    const seen = (createdAgoS: number) => {
      observation.csrs = known(
        [kubeletCsr('master-1', { createdAt: secondsAfter(observedAt, -createdAgoS) })],
        '',
      );
      return classify(masterOf(observation, 'master-1'), observation).class;
    };
    assert.deepEqual([seen(100), seen(140)], ['C1', 'C4'], `${aheadS} s`);
  }
});

test('and that clock is the API server’s, also where the worker’s own is wrong', () => {
  const observation = incidentOn('master-1');
  const kubelet = kubeletOf(observation, 'master-1');
  kubelet.bootstrap.accepted = 'yes';
  if (observation.api.known) observation.api.value.clockAheadMs = -200_000;
  const createdAt = secondsAfter(observedAt, -300);
  kubelet.unit.startedAt = secondsAfter(observedAt, -120);
  observation.csrs = known([kubeletCsr('master-1', { createdAt })], '');
  assert.equal(classify(masterOf(observation, 'master-1'), observation).class, 'C1');
});
