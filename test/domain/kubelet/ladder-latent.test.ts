import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Kubeconfig, KubeletEvidence, Observation } from '../../../domain/control-plane.ts';
import { classify } from '../../../domain/kubelet/classify.ts';
import { planOf } from '../../../domain/plan.ts';
import { decide } from '../../support/decisions.ts';
import { adminSubject } from '../../support/ladder.ts';
import { healthyObservation, kubeletOf, masterOf, server } from '../../support/observations.ts';

/** The kubelet still works: nothing may restart it into nothing. */
function latent(change: (kubelet: KubeletEvidence, observation: Observation) => void) {
  const observation = healthyObservation();
  change(kubeletOf(observation, 'master-1'), observation);
  const verdict = decide(observation);
  assert.ok(verdict.kind === 'proceed', verdict.because);
  const { standing, class: kind } = classify(masterOf(observation, 'master-1'), observation);
  assert.equal(standing, 'latent');
  return { kind, plan: planOf('KubeletAuthRecovery', verdict.plan) };
}

test('a certificate deleted under the running kubelet is made anew before anything is restarted (R3)', () => {
  const { kind, plan } = latent((kubelet) => {
    kubelet.clientCertificate = { state: 'missing' };
    kubelet.clientFiles = [];
  });
  const ids = plan.steps.map(({ id }) => id);
  assert.deepEqual([kind, plan.pins.rung], ['C3', 'R3']);
  assert.ok(ids.indexOf('install-certificate') < ids.indexOf('restart'));
});

test('a regular file in the place of the link becomes one (R1)', () => {
  const { kind, plan } = latent((kubelet) => {
    if (kubelet.clientCertificate.state === 'present') kubelet.clientCertificate.isSymlink = false;
  });
  assert.deepEqual([kind, plan.pins.rung], ['C6', 'R1']);
});

/** What was put into the kubelet's place in the incident, and left there. */
const adminsKubeconfig: Kubeconfig = {
  state: 'present',
  sha256: 'ad'.repeat(32),
  server: 'https://localhost:6443',
  caSha256: 'ca'.repeat(32),
  credential: 'client-certificate-data',
  embeddedOrganizations: ['system:masters'],
};

test('the incident’s own fix is brought to its end: cluster-admin goes, and the point of no return is there (G)', () => {
  const { kind, plan } = latent((kubelet) => {
    kubelet.kubeconfig = adminsKubeconfig;
    kubelet.adminCredentials = [
      '/var/lib/kubelet/kubeconfig',
      '/var/lib/kubelet/pki/kubelet-client-2026.pem',
    ];
  });
  assert.deepEqual([kind, plan.pins.rung, plan.pins.server], ['C7', 'G', server]);
  assert.equal(plan.pins.source, '/etc/kubernetes/kubeconfig');
  assert.deepEqual(
    plan.steps.map(({ id }) => id),
    ['backup', 'withdraw-admin', 'restart', 'verify', 'verify-graduated'],
  );
  assert.equal(plan.steps.find(({ pointOfNoReturn }) => pointOfNoReturn)?.id, 'withdraw-admin');
});

test('without a kubeconfig of its own one is written first, also when cluster-admin is only in the bootstrap file', () => {
  const { kind, plan } = latent((kubelet) => {
    kubelet.kubeconfig = { state: 'missing' };
    kubelet.adminCredentials = ['/etc/kubernetes/kubeconfig'];
    kubelet.bootstrap.tokenSubject = 'system:admin';
  });
  const ids = plan.steps.map(({ id }) => id);
  assert.deepEqual([kind, plan.pins.rung], ['C7', 'G']);
  assert.deepEqual(ids.slice(0, 3), ['backup', 'graduate', 'restart']);
});

test('the same with a bootstrap credential that is bad: a durable one comes first, for the kubeconfig is written from it', () => {
  const { plan } = latent((kubelet) => {
    kubelet.bootstrap.accepted = 'rejected';
    kubelet.kubeconfig = adminsKubeconfig;
    kubelet.adminCredentials = ['/var/lib/kubelet/kubeconfig'];
  });
  const ids = plan.steps.map(({ id }) => id);
  assert.deepEqual(ids.slice(0, 3), ['backup', 'graduate', 'withdraw-admin']);
});

test('cluster-admin in the bootstrap file alone is replaced without a restart: a kubelet that runs does not read it', () => {
  const admin = { ...adminSubject, path: '/etc/kubernetes/kubeconfig' };
  const stepsWith = (paths: string[]) =>
    latent((kubelet) => {
      kubelet.adminCredentials = paths;
      const { file } = kubelet.bootstrap;
      if (file.state !== 'present') return;
      delete kubelet.bootstrap.tokenSubject;
      Object.assign(file, {
        credential: 'client-certificate-data',
        embeddedCommonName: admin.commonName,
        embeddedOrganizations: admin.organizations,
      });
    }).plan.steps.map(({ id }) => id);
  assert.deepEqual(stepsWith([admin.path]), ['backup', 'verify', 'graduate', 'verify-graduated']);
  const halfWritten = `${admin.path}.cpr-0b1c2d3e4f50`;
  assert.deepEqual(stepsWith([admin.path, halfWritten]), [
    'backup',
    'withdraw-admin',
    'verify',
    'graduate',
    'verify-graduated',
  ]);
  const left = '/var/lib/kubelet/pki/kubelet-client-2026-11-01-00-00-00.pem';
  assert.ok(stepsWith([admin.path, left]).includes('restart'), 'it may have been started with that one');
});
