import assert from 'node:assert/strict';
import type {
  AdminKubeconfig,
  ClientFile,
  KubeletEvidence,
  Observation,
} from '../../domain/control-plane.ts';
import { planOf, type KubeletPlan } from '../../domain/plan.ts';
import { decideChanged, type Change } from './decisions.ts';
import { clientFile, kubeletCsr, observedAt, secondsAfter, server } from './observations.ts';

/** What the rungs of the ladder are told apart by, one thing each. */

export const adminSubject = { commonName: 'system:admin', organizations: ['system:masters'] };

export const adminFile: AdminKubeconfig = {
  path: '/etc/kubernetes/static-pod-resources/kube-apiserver-certs/secrets/node-kubeconfigs/lb-int.kubeconfig',
  sha256: 'ad'.repeat(32),
  server,
  caSha256: 'ca'.repeat(32),
  ...adminSubject,
  notAfter: secondsAfter(observedAt, 86_400),
};

export const older: ClientFile = clientFile('master-1', {
  path: '/var/lib/kubelet/pki/kubelet-client-2026-11-01-00-00-00.pem',
  sha256: '0f'.repeat(32),
  isCurrent: false,
});

export function goodBootstrap({ bootstrap }: KubeletEvidence): void {
  Object.assign(bootstrap, { accepted: 'yes', detail: 'yes' });
}

export function noSecret(observation: Observation): void {
  if (observation.bootstrapSecret.known) observation.bootstrapSecret.value.hasToken = false;
}

export function noSigner(observation: Observation): void {
  if (observation.signer.known) observation.signer.value.alive = false;
}

/** As the API server knows whose certificate is in that file. */
export function present(
  change: Partial<ClientFile['certificate']> = {},
): KubeletEvidence['clientCertificate'] {
  const certificate = { ...clientFile('master-1').certificate!, ...change };
  return { state: 'present', isSymlink: true, ...certificate };
}

export const request = (kind: Partial<ReturnType<typeof kubeletCsr>> = {}) => kubeletCsr('master-1', kind);

export function planFor(change: Change): KubeletPlan {
  const verdict = decideChanged(change);
  assert.ok(verdict.kind === 'proceed', verdict.because);
  return planOf('KubeletAuthRecovery', verdict.plan);
}
