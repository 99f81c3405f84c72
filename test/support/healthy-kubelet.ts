import type { ClientFile, KubeletEvidence, StaticPodManifest } from '../../domain/control-plane.ts';

/** What a look at a healthy master's own side shows. */

export const observedAt = '2026-11-22T12:00:00.000Z';
export const server = 'https://api-int.lab.test:6443';
const caSha256 = 'ca'.repeat(32);
export const bootstrapper = 'system:serviceaccount:openshift-machine-config-operator:node-bootstrapper';

export function secondsAfter(time: string, seconds: number): string {
  return new Date(Date.parse(time) + seconds * 1_000).toISOString();
}

export function healthyKubelet(name: string, manifests: StaticPodManifest[]): KubeletEvidence {
  return {
    nodeName: name,
    nodeTime: observedAt,
    unit: {
      activeState: 'active',
      subState: 'running',
      result: 'success',
      restarts: 0,
      startedAt: secondsAfter(observedAt, -3_600),
      invocationId: 'a0',
    },
    clientCertificate: {
      state: 'present',
      isSymlink: true,
      commonName: `system:node:${name}`,
      organizations: ['system:nodes'],
      issuer: 'CN=csr-signer',
      notBefore: secondsAfter(observedAt, -3_900),
      notAfter: secondsAfter(observedAt, 30 * 86_400),
      serial: '4F2A',
    },
    identity: {
      accepted: 'yes',
      detail: 'yes',
      username: `system:node:${name}`,
      groups: ['system:nodes', 'system:authenticated'],
    },
    clientFiles: [clientFile(name)],
    kubeconfig: {
      state: 'present',
      sha256: 'c0'.repeat(32),
      server,
      caSha256,
      credential: 'client-certificate-file',
      certificatePath: '/var/lib/kubelet/pki/kubelet-client-current.pem',
      keyPath: '/var/lib/kubelet/pki/kubelet-client-current.pem',
    },
    bootstrap: {
      file: { state: 'present', sha256: 'b0'.repeat(32), server, caSha256, credential: 'token' },
      accepted: 'yes',
      detail: 'yes',
      tokenSubject: bootstrapper,
    },
    journal: quietJournal(),
    manifests,
    adminCredentials: [],
    adminKubeconfigs: [],
    temporaryCredentials: [],
    traces: { runs: [], lockHeld: false },
    orphanPods: [],
    disk: { freeBytes: 20_000_000_000, writable: true },
  };
}

/** The file that `kubelet-client-current.pem` leads to on a healthy node. */
export function clientFile(node: string, change: Partial<ClientFile> = {}): ClientFile {
  return {
    path: '/var/lib/kubelet/pki/kubelet-client-2026-11-22-10-55-00.pem',
    sha256: 'cf'.repeat(32),
    isCurrent: true,
    certificate: {
      commonName: `system:node:${node}`,
      organizations: ['system:nodes'],
      issuer: 'CN=csr-signer',
      notBefore: secondsAfter(observedAt, -3_900),
      notAfter: secondsAfter(observedAt, 30 * 86_400),
      serial: '4F2A',
    },
    keyMatches: true,
    accepted: 'yes',
    ...change,
  };
}

function quietJournal(): KubeletEvidence['journal'] {
  return {
    windowMinutes: 15,
    anonymousForbidden: 0,
    clientCertificateUnreadable: 0,
    clientCertificateExpired: 0,
    bootstrapFileMissing: 0,
    csrRejected: 0,
    exitingServerResponsive: 0,
    waitingServerNotResponsive: 0,
    corruptPem: 0,
    certificateRotated: 0,
    apiUnreachable: 0,
    serverCertificateUntrusted: 0,
  };
}
