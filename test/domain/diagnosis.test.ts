import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeletEvidence, Observation } from '../../domain/control-plane.ts';
import { diagnose as diagnoseBeside } from '../../domain/diagnosis/diagnose.ts';
import type { Finding } from '../../domain/finding.ts';
import { findingCodes } from '../../domain/finding.ts';
import { known, unknown } from '../../domain/reading.ts';
import { keptOfEtcd, leaseReads, leavePaused, lend } from '../support/lent.ts';
import {
  apiUnreachable,
  healthyObservation,
  incidentOn,
  kubeletOf,
  laterLook,
  leftRun,
  masterOf,
  masters,
  nodeOf,
  observedAt,
  secondsAfter,
  silentNode,
  unreachableBySsh,
} from '../support/observations.ts';

/** No recovery is open. */
function diagnose(observation: Observation): Finding[] {
  return diagnoseBeside(observation, known({ runs: [], leaseWatched: false }, 'Temporal'));
}

test('a healthy control plane has no findings, now and later', () => {
  assert.deepEqual(diagnose(healthyObservation()), []);
  assert.deepEqual(diagnose(laterLook(healthyObservation(), 600)), []);
});

for (const node of masters) {
  test(`the incident on ${node} is one finding that names node, certificate, credential and runbook`, () => {
    const findings = diagnose(incidentOn(node));
    assert.equal(findings.length, 1);
    const [finding] = findings;
    assert.deepEqual(
      [finding?.code, finding?.severity, finding?.node, finding?.remedy],
      ['KubeletClientCredentialLost', 'critical', node, { runbook: 'KubeletAuthRecovery', target: node }],
    );
    assert.match(
      finding?.sentence ?? '',
      /certificate .* is missing, and its bootstrap credential is rejected/,
    );
    const facts = (finding?.evidence ?? []).map(({ fact }) => fact).join('\n');
    for (const consequence of [
      /Ready=Unknown/,
      /mirror pod openshift-etcd\/etcd-.* is missing/,
      /system:anonymous.*412 times/,
    ]) {
      assert.match(facts, consequence, 'a consequence is evidence');
    }
  });
}

test('the incident is named before the node controller has noticed: the Node still says Ready', () => {
  const observation = incidentOn('master-1');
  Object.assign(nodeOf(observation, 'master-1'), {
    ready: 'True',
    leaseRenewedAt: secondsAfter(observedAt, -125),
  });
  assert.deepEqual(codesOf(observation), ['KubeletClientCredentialLost on master-1']);
});

type Change = (observation: Observation, kubelet: KubeletEvidence) => unknown;

/** Each is the healthy control plane, changed in one thing at master-1. */
const faults: [string, string[], Change][] = [
  [
    'the kubelet is stopped',
    ['KubeletStopped on master-1'],
    (_, kubelet) => (kubelet.unit.activeState = 'inactive'),
  ],
  [
    'ssh is closed',
    ['NodeUnreachable on master-1'],
    (observation) => unreachableBySsh(observation, 'master-1'),
  ],
  [
    'the node is dead',
    ['NodeUnreachable on master-1'],
    (observation) =>
      (masterOf(unreachableBySsh(observation, 'master-1'), 'master-1').node = known(silentNode(), '')),
  ],
  [
    'etcd says no',
    ['EtcdMemberUnhealthy on master-1'],
    (observation) => (masterOf(observation, 'master-1').etcd = known({ healthy: false, detail: '503' }, '')),
  ],
  [
    'etcd cannot be asked',
    ['EtcdMemberUnhealthy on master-1'],
    (observation) => (masterOf(observation, 'master-1').etcd = unknown('cut', '')),
  ],
  [
    'the API server says no',
    ['ApiServerUnhealthy on master-1'],
    (observation) =>
      (masterOf(observation, 'master-1').apiServer = known({ healthy: false, detail: '500' }, '')),
  ],
  ['the API does not answer', ['ApiUnreachable'], (observation) => apiUnreachable(observation)],
  [
    'the endpoint does not answer, and a master does',
    ['ApiEndpointDown'],
    (observation) => throughMaster(observation),
  ],
  [
    'nothing answers at all',
    [
      'ApiUnreachable',
      'NodeUnreachable on master-0',
      'NodeUnreachable on master-1',
      'NodeUnreachable on master-2',
    ],
    (observation) =>
      masters.reduce((seen, node) => unreachableBySsh(seen, node), apiUnreachable(observation)),
  ],
  [
    'nobody signs',
    ['SignerDown'],
    (observation) => observation.signer.known && (observation.signer.value.alive = false),
  ],
  [
    'nobody knows who signs',
    ['SignerDown'],
    (observation) => (observation.signer = unknown('Forbidden', '')),
  ],
  [
    'a mirror pod is missing though the kubelet authenticates',
    ['MirrorPodMissing on master-1'],
    (observation) => (masterOf(observation, 'master-1').mirrorPods = known([], '')),
  ],
  [
    'the Node is not Ready',
    ['NodeNotReady on master-1'],
    (observation) => (nodeOf(observation, 'master-1').ready = 'False'),
  ],
  [
    'the certificate is gone from the disk only',
    ['KubeletAuthenticationFault on master-1'],
    (_, kubelet) => (kubelet.clientCertificate = { state: 'missing' }),
  ],
  [
    'an admin certificate lies about',
    ['AdminCredentialOnNode on master-1'],
    (_, kubelet) => kubelet.adminCredentials.push('/var/lib/kubelet/pki/x'),
  ],
  [
    'the kubelet itself runs with one',
    ['AdminCredentialOnNode on master-1'],
    (_, kubelet) => {
      kubelet.adminCredentials.push('/var/lib/kubelet/kubeconfig');
      if (kubelet.kubeconfig.state === 'present')
        kubelet.kubeconfig.embeddedOrganizations = ['system:masters'];
    },
  ],
  [
    'a run ended there without saying how',
    ['UnfinishedRecoveryOnNode on master-1'],
    (_, kubelet) => kubelet.traces.runs.push(leftRun()),
  ],
  [
    'a script of ours holds its lock and no run is open',
    ['UnfinishedRecoveryOnNode on master-1'],
    (_, kubelet) => (kubelet.traces.lockHeld = true),
  ],
  [
    'its bootstrap credential expires',
    ['TemporaryCredentialLeft on master-1'],
    (_, kubelet) => (kubelet.bootstrap.tokenExpiresAt = secondsAfter(observedAt, 1_800)),
  ],
  ['a setting is lent and nobody watches over it', ['OverrideLeaseLeft'], (observation) => lend(observation)],
  [
    'a run that is over has left a health check paused',
    ['RemediatorLeftPaused'],
    (observation) => leavePaused(observation, '0123456789ab'),
  ],
  [
    'a recovery of etcd has kept a snapshot there',
    ['EtcdDataKept on master-1'],
    (_, kubelet) => (kubelet.traces.etcd = [keptOfEtcd()]),
  ],
];

for (const [name, expected, change] of faults) {
  test(`${expected.join(', ')} when ${name}`, () => {
    const observation = healthyObservation();
    change(observation, kubeletOf(observation, 'master-1'));
    assert.deepEqual(codesOf(observation), expected);
    for (const { evidence, sentence } of diagnose(observation)) {
      assert.ok(evidence.length > 0 && evidence.every(({ fact }) => fact !== ''));
      assert.match(sentence, /^([A-Z]|master-).*\.$/);
    }
  });
}

/** Those stand in diagnosis-etcd.test.ts. */
const ofSecondLook = /^(EtcdMember(?!Unhealthy)|MachineAddressStale)/;

test('every finding is reached by a case above', () => {
  const reached = new Set(faults.flatMap(([, codes]) => codes.map((code) => code.split(' ')[0])));
  assert.deepEqual(
    findingCodes.filter((code) => !reached.has(code) && !ofSecondLook.test(code)),
    ['KubeletClientCredentialLost'],
  );
});

test('an endpoint that is down leaves everything readable: what else is wrong is found beside it', () => {
  const observation = throughMaster(incidentOn('master-1'));
  const [finding, ...others] = diagnose(observation);
  assert.deepEqual(
    [finding?.code, others.map(({ code }) => code)],
    ['ApiEndpointDown', ['KubeletClientCredentialLost']],
  );
  const evidence = finding?.evidence.map(({ fact }) => fact).join() ?? '';
  assert.match(evidence, /https:.*: connect ETIMEDOUT/);
  assert.match(evidence, /API server on master-2: healthy/);
});

test('the cause stands first: a dead etcd before the API that it takes along, a warning last', () => {
  const observation = apiUnreachable(healthyObservation());
  masterOf(observation, 'master-1').etcd = known({ healthy: false, detail: '503' }, '');
  kubeletOf(observation, 'master-0').adminCredentials.push('/var/lib/kubelet/pki/x');
  assert.deepEqual(codesOf(observation), [
    'EtcdMemberUnhealthy on master-1',
    'ApiUnreachable',
    'AdminCredentialOnNode on master-0',
  ]);
});

test('two faults on two masters are two findings', () => {
  const observation = incidentOn('master-2', incidentOn('master-1'));
  assert.deepEqual(codesOf(observation), [
    'KubeletClientCredentialLost on master-1',
    'KubeletClientCredentialLost on master-2',
  ]);
});

test('what an open run has on a node is not left behind, and what nobody could ask about is only told', () => {
  const observation = healthyObservation();
  const kubelet = kubeletOf(observation, 'master-1');
  kubelet.bootstrap.tokenExpiresAt = secondsAfter(observedAt, 1_800);
  kubelet.traces = { runs: [leftRun({ holdsBootstrap: true })], lockHeld: true };
  assert.equal(diagnose(observation).length, 2);
  assert.deepEqual(
    diagnoseBeside(observation, known({ runs: ['0b1c2d3e4f50'], leaseWatched: false }, 'Temporal')),
    [],
  );
  const told = diagnoseBeside(observation, unknown('deadline exceeded', 'Temporal'));
  assert.deepEqual(
    told.map(({ severity, remedy }) => [severity, 'page' in remedy]),
    [
      ['info', true],
      ['info', true],
    ],
  );
});

test('a setting that is lent is not left while its watchdog is open', () => {
  const observation = healthyObservation();
  lend(observation);
  const watched = known({ runs: [], leaseWatched: true }, 'Temporal');
  assert.deepEqual(diagnoseBeside(observation, watched), []);
});

test('a setting that is lent is put back by the runbook, and one that somebody has changed since by a person', () => {
  const observation = healthyObservation();
  lend(observation);
  assert.deepEqual(
    diagnose(observation).map(({ remedy }) => remedy),
    [{ runbook: 'Cleanup', target: 'lab' }],
  );
  leaseReads(observation, { state: 'foreign', evidence: ['it is false'], noted: true });
  const [changed] = diagnose(observation);
  assert.deepEqual(
    [changed?.code, changed?.remedy],
    ['OverrideLeaseLeft', { page: 'docs/findings.md#overrideleaseleft' }],
  );
  leaseReads(observation, { state: 'foreign', evidence: ['it is true'] });
  assert.deepEqual(diagnose(observation), [], 'what no lease has set is a person’s');
});

test('a kubelet that waits with the credential of a killed run is mended by the runbook', () => {
  const observation = incidentOn('master-1');
  const { bootstrap } = kubeletOf(observation, 'master-1');
  Object.assign(bootstrap, { accepted: 'yes', tokenExpiresAt: secondsAfter(observedAt, 1_800) });
  const [first] = diagnose(observation);
  assert.deepEqual(first?.remedy, { runbook: 'KubeletAuthRecovery', target: 'master-1' });
});

test('an inventory without masters says nothing and does not crash', () => {
  const observation = healthyObservation();
  observation.masters = [];
  assert.deepEqual(diagnose(observation), []);
});

function codesOf(observation: Observation): string[] {
  return diagnose(observation).map(({ code, node }) => (node === undefined ? code : `${code} on ${node}`));
}

function throughMaster(observation: Observation): Observation {
  assert.ok(observation.api.known);
  observation.api.value.through = { master: 'master-0', because: 'connect ETIMEDOUT' };
  return observation;
}

test('a kubelet that runs as cluster-admin is told with its class, its files and the runbook that takes them away', () => {
  const observation = healthyObservation();
  const kubelet = kubeletOf(observation, 'master-1');
  kubelet.adminCredentials.push('/var/lib/kubelet/kubeconfig');
  if (kubelet.kubeconfig.state === 'present') kubelet.kubeconfig.embeddedOrganizations = ['system:masters'];
  const [finding] = diagnose(observation);
  assert.match(finding?.sentence ?? '', /\(class C7\); a certificate of system:masters lies on master-1/);
  assert.ok(finding?.evidence.some(({ fact }) => fact === '/var/lib/kubelet/kubeconfig'));
  assert.deepEqual(finding?.remedy, { runbook: 'KubeletAuthRecovery', target: 'master-1' });
});
