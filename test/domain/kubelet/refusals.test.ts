import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Observation } from '../../../domain/control-plane.ts';
import { known, unknown } from '../../../domain/reading.ts';
import {
  cleanupRefusals,
  etcdRefusals,
  refusalReasons,
  type RefusalReason,
} from '../../../domain/verdict.ts';
import { decideChanged, named, type Change } from '../../support/decisions.ts';
import {
  apiUnreachable,
  kubeletCsr,
  kubeletOf,
  masterOf,
  nodeOf,
  observedAt,
  scripts,
  secondsAfter,
  unreachableBySsh,
} from '../../support/observations.ts';

/** Each is the incident on master-1 and one thing more; beside it stands what must not be mistaken for it. */
const refused: [string, RefusalReason, Change][] = [
  ['the API does not answer', 'ApiUnreachable', (observation) => apiUnreachable(observation)],
  [
    'the API server is too old to say whom it takes a kubelet for',
    'EvidenceIncomplete',
    (observation) => observation.api.known && (observation.api.value.version = 'v1.27.16'),
  ],
  [
    'the API server does not say of which version it is',
    'EvidenceIncomplete',
    (observation) => observation.api.known && (observation.api.value.version = ''),
  ],
  [
    'the look is eleven minutes old',
    'EvidenceIncomplete',
    (_, __, decision) => (decision.now = secondsAfter(observedAt, 660)),
  ],
  [
    'the look comes from the future',
    'EvidenceIncomplete',
    (_, __, decision) => (decision.now = secondsAfter(observedAt, -660)),
  ],
  [
    'the named node is not in the inventory',
    'UnknownNode',
    (_, __, decision) => Object.assign(decision, named('worker-0')),
  ],
  [
    'the named node is another, which is healthy',
    'NodeHealthy',
    (_, __, decision) => Object.assign(decision, named('master-0')),
  ],
  ['it is not a master', 'NotAMaster', (observation) => (nodeOf(observation, 'master-1').isMaster = false)],
  [
    'its Node cannot be read',
    'EvidenceIncomplete',
    (observation) => (masterOf(observation, 'master-1').node = unknown('Forbidden', '')),
  ],
  ['ssh is closed', 'NodeUnreachable', (observation) => unreachableBySsh(observation, 'master-1')],
  [
    'ssh works and the script does not',
    'EvidenceIncomplete',
    (observation) => (masterOf(observation, 'master-1').kubelet = unknown('no marker', '', 'OutcomeUnknown')),
  ],
  ['the kubelet is stopped', 'KubeletStopped', (_, kubelet) => (kubelet.unit.activeState = 'inactive')],
  [
    'nobody knows whether the credential is accepted',
    'EvidenceIncomplete',
    (_, kubelet) => (kubelet.bootstrap.accepted = 'unknown'),
  ],
  [
    'a static pod runs whose manifest was moved away',
    'ManifestChanged',
    (_, kubelet) => kubelet.orphanPods.push({ namespace: 'openshift-etcd', name: 'etcd-master-1' }),
  ],
  [
    'a manifest was edited after its pod was started',
    'ManifestChanged',
    (_, kubelet) => Object.assign(kubelet.manifests[0] ?? {}, { writtenSince: true }),
  ],
  ['the disk is read-only', 'NotAnAuthenticationFault', (_, kubelet) => (kubelet.disk.writable = false)],
  [
    'our own credential may mint no token, and file no request',
    'PowersMissing',
    (observation) =>
      observation.powers.known &&
      Object.assign(observation.powers.value, { mintBootstrapToken: false, fileRequests: false }),
  ],
  [
    'our own credential may approve nothing, and break-glass was not asked for',
    'PowersMissing',
    (observation) => observation.powers.known && (observation.powers.value.approveRequests = false),
  ],
  [
    'etcd on another master is unhealthy',
    'OtherMasterUnhealthy',
    (observation) => (masterOf(observation, 'master-2').etcd = known({ healthy: false, detail: '503' }, '')),
  ],
  [
    'the API server on another master is unhealthy',
    'OtherMasterUnhealthy',
    (observation) =>
      (masterOf(observation, 'master-0').apiServer = known({ healthy: false, detail: '500' }, '')),
  ],
  [
    'etcd on another master is unknown',
    'OtherMasterUnknown',
    (observation) => (masterOf(observation, 'master-0').etcd = unknown('timed out', '')),
  ],
  [
    'another master is out of reach',
    'OtherMasterUnknown',
    (observation) => unreachableBySsh(observation, 'master-2'),
  ],
  [
    'another master is silent, and nobody could look at its kubelet',
    'OtherMasterUnknown',
    (observation) => {
      nodeOf(observation, 'master-2').ready = 'Unknown';
      masterOf(observation, 'master-2').kubelet = unknown('cut after 10 s', '');
    },
  ],
  [
    'nobody knows whether a MachineHealthCheck would reboot it meanwhile',
    'EvidenceIncomplete',
    (observation) => (observation.platform.remediators = unknown('HTTP 403: Forbidden', '')),
  ],
  ['the inventory names two masters', 'OtherMasterUnknown', (observation) => observation.masters.pop()],
  [
    'the controller-manager is down',
    'SignerDown',
    (observation) => observation.signer.known && (observation.signer.value.alive = false),
  ],
  [
    'nobody knows whether the controller-manager lives',
    'SignerDown',
    (observation) => (observation.signer = unknown('Forbidden', '')),
  ],
  [
    'the requests cannot be read',
    'EvidenceIncomplete',
    (observation) => (observation.csrs = unknown('Forbidden', '')),
  ],
  [
    'two pending requests match',
    'TwoMatchingCsrs',
    (observation) =>
      (observation.csrs = known([kubeletCsr('master-1'), kubeletCsr('master-1', { uid: 'other' })], '')),
  ],
  [
    'its request was denied (C2)',
    'ClassNotSupported',
    (observation, kubelet) => {
      mayNotFile(observation);
      kubelet.bootstrap.accepted = 'yes';
      observation.csrs = known([kubeletCsr('master-1', { state: 'Denied' })], '');
    },
  ],
  [
    'the bootstrap file cannot be parsed',
    'ClassNotSupported',
    (_, kubelet) => (kubelet.bootstrap.file = { state: 'unreadable', detail: 'yaml' }),
  ],
  [
    'node-bootstrapper itself is forbidden, and we may file no request',
    'ClassNotSupported',
    (observation, kubelet) => {
      mayNotFile(observation);
      kubelet.bootstrap.accepted = 'forbidden';
    },
  ],
  [
    'an admin credential lies where it is not ours to take away',
    'ClassNotSupported',
    (_, kubelet) => kubelet.adminCredentials.push('/var/lib/kubelet/config-copy'),
  ],
  [
    'a certificate that cannot be read lies in the kubelet’s directory',
    'ClassNotSupported',
    (_, kubelet) =>
      kubelet.adminCredentials.push(
        '/var/lib/kubelet/pki/kubelet-client-x.pem (a certificate that cannot be read)',
      ),
  ],
  [
    'there is neither a kubeconfig nor a bootstrap file',
    'EndpointMismatch',
    (_, kubelet) => {
      kubelet.kubeconfig = { state: 'missing' };
      kubelet.bootstrap.file = { state: 'missing' };
    },
  ],
  [
    'the kubeconfig points elsewhere than those of the others',
    'EndpointMismatch',
    (_, kubelet) =>
      kubelet.kubeconfig.state === 'present' && (kubelet.kubeconfig.server = 'https://localhost:6443'),
  ],
  [
    'the kubeconfig has no CA',
    'EndpointMismatch',
    (_, kubelet) => kubelet.kubeconfig.state === 'present' && (kubelet.kubeconfig.caSha256 = 'missing'),
  ],
  [
    'the kubeconfig asks for another name',
    'EndpointMismatch',
    (_, kubelet) =>
      kubelet.kubeconfig.state === 'present' && (kubelet.kubeconfig.tlsServerName = 'localhost'),
  ],
  [
    'the others do not agree on a server',
    'EndpointMismatch',
    (observation) => {
      const { kubeconfig } = kubeletOf(observation, 'master-2');
      if (kubeconfig.state === 'present') kubeconfig.server = 'https://10.0.0.9:6443';
    },
  ],
  [
    'we may not read the bootstrap secret',
    'BootstrapSecretMissing',
    (observation) => {
      mayNotFile(observation);
      observation.bootstrapSecret = unknown('secrets is forbidden', '', 'ApiForbidden');
    },
  ],
  [
    // Although a request of our own would fit: what was not read is no reason for a riskier way.
    'the API does not answer for the bootstrap secret',
    'EvidenceIncomplete',
    (observation) => (observation.bootstrapSecret = unknown('timed out', '', 'ApiUnreachable')),
  ],
  [
    'the bootstrap secret holds no token',
    'BootstrapSecretMissing',
    (observation) => {
      mayNotFile(observation);
      if (observation.bootstrapSecret.known) observation.bootstrapSecret.value.hasToken = false;
    },
  ],
  [
    'the bootstrap secret is marked invalid',
    'BootstrapSecretMissing',
    (observation) => {
      mayNotFile(observation);
      if (observation.bootstrapSecret.known) observation.bootstrapSecret.value.invalidSince = '2026-01-01';
    },
  ],
  ['the disk is full', 'NoRoomForBackup', (_, kubelet) => (kubelet.disk.freeBytes = 1_000_000)],
  [
    'the worker does not name a script',
    'EvidenceIncomplete',
    (_, __, decision) => (decision.scripts = { ...scripts, 'restart-kubelet.sh': '' }),
  ],
  [
    'the run id would not be safe in a path',
    'EvidenceIncomplete',
    (_, __, decision) => (decision.runId = '../etc'),
  ],
];

/** Otherwise rung R3 would fit. */
function mayNotFile({ powers }: Observation): void {
  if (powers.known) powers.value.fileRequests = false;
}

for (const [name, reason, change] of refused) {
  test(`the incident is refused as ${reason} when ${name}`, () => {
    const verdict = decideChanged(change);
    assert.equal(verdict.kind === 'refuse' ? verdict.reason : verdict.kind, reason, verdict.because);
    assert.ok(verdict.evidence.length > 0, 'a refusal says what it rests on');
    assert.ok(
      verdict.kind === 'refuse' && verdict.handOver.includes(`docs/refusals.md#${reason.toLowerCase()}`),
    );
    assert.match(verdict.because, /^[^.]*\S.*\.$/, 'one sentence');
  });
}

test('every reason but the workflow’s own is reached by a case above', () => {
  const elsewhere = ['ApprovalsNotConfigured', ...cleanupRefusals, ...etcdRefusals];
  const reached = new Set<string>([...refused.map(([, reason]) => reason), ...elsewhere]);
  assert.deepEqual(
    refusalReasons.filter((reason) => !reached.has(reason)),
    [],
  );
});
