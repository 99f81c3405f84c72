import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lookAtNode } from '../../../activities/observe/node.ts';
import type { JournalCounts } from '../../../domain/control-plane.ts';
import { fakeNode } from '../support/fake-node.ts';

type Line = Exclude<keyof JournalCounts, 'windowMinutes' | 'incomplete'>;

/** As kubelets have logged them: 1.34 first, then 1.20 to 1.28. */
const wordings: Record<Line, string[]> = {
  anonymousForbidden: [
    'csi_plugin.go:990] Failed to contact API server when waiting for CSINode publishing: csinodes.storage.k8s.io "master-1" is forbidden: User "system:anonymous" cannot get resource "csinodes" in API group "storage.k8s.io" at the cluster scope',
    'reflector.go:138] Failed to watch *v1.Node: nodes "master-1" is forbidden: User "system:anonymous" cannot list resource "nodes" in API group "" at the cluster scope',
  ],
  clientCertificateUnreadable: [
    'bootstrap.go:241] "Unhandled Error" err="unable to read existing bootstrap client config from /var/lib/kubelet/kubeconfig: invalid configuration: [unable to read client-cert /var/lib/kubelet/pki/kubelet-client-current.pem for default-auth due to open: no such file or directory"',
    'bootstrap.go:265] unable to read existing bootstrap client config: invalid configuration: [unable to read client-cert',
    'bootstrap.go:256] "Unhandled Error" err="unable to load TLS certificates from existing bootstrap client config read from /var/lib/kubelet/kubeconfig: data does not contain any valid RSA or ECDSA certificates"',
  ],
  clientCertificateExpired: [
    'bootstrap.go:266] "Unhandled Error" err="part of the existing bootstrap client certificate in /var/lib/kubelet/kubeconfig is expired: 2026-11-21 17:48:36 +0000 UTC"',
    'bootstrap.go:266] part of the existing bootstrap client certificate is expired: 2019-04-06 15:37:48 +0000 UTC',
    'transport.go:114] "The currently active client certificate has expired and the server is responsive, exiting."',
  ],
  bootstrapFileMissing: [
    'run.go:72] "command failed" err="failed to run Kubelet: unable to load bootstrap kubeconfig: stat /etc/kubernetes/kubeconfig: no such file or directory"',
    'server.go:269] failed to run Kubelet: unable to load bootstrap kubeconfig: stat /etc/kubernetes/kubeconfig: no such file or directory',
  ],
  csrRejected: [
    'certificate_manager.go:596] "Failed while requesting a signed certificate from the control plane" err="cannot create certificate signing request: Unauthorized"',
    'certificate_manager.go:437] Failed while requesting a signed certificate from the master: cannot create certificate signing request: Unauthorized',
    'certificate_manager.go:437] Failed while requesting a signed certificate from the master: cannot create certificate signing request: certificatesigningrequests.certificates.k8s.io is forbidden: User "x" cannot create resource',
  ],
  exitingServerResponsive: [
    'transport.go:120] "No valid client certificate is found and the server is responsive, exiting." lastCertificateAvailabilityTime="2026-11-22 17:45:01" shutdownThreshold="5m0s"',
    'transport.go:112] It has been 5m0s since a valid client cert was found and the server is responsive, exiting.',
  ],
  waitingServerNotResponsive: [
    'transport.go:125] "No valid client certificate is found but the server is not responsive. A restart may be necessary to retrieve new initial credentials." lastCertificateAvailabilityTime="x" shutdownThreshold="5m0s"',
    'transport.go:112] It has been 5m0s since a valid client cert was found, but the server is not responsive. A restart may be necessary to retrieve new initial credentials.',
  ],
  corruptPem: [
    'run.go:72] "command failed" err="failed to run Kubelet: failed to initialize client certificate manager: could not convert data from \\"/var/lib/kubelet/pki/kubelet-client-current.pem\\" into cert/key pair: tls: failed to find any PEM data in certificate input"',
    'certificate_store.go:300] expected "/var/lib/kubelet/pki/kubelet-client-current.pem" to be a symlink but it is a file',
  ],
  certificateRotated: [
    'transport.go:147] "Certificate rotation detected, shutting down client connections to start using new credentials"',
    'transport.go:132] certificate rotation detected, shutting down client connections to start using new credentials',
  ],
  apiUnreachable: [
    'reflector.go:205] "Failed to watch" err="failed to list *v1.Node: Get \\"https://api-int.lab.test:6443/api/v1/nodes\\": dial tcp 10.78.0.250:6443: connect: no route to host"',
    'controller.go:144] failed to ensure lease exists, will retry in 7s, error: Get "https://api-int:6443": dial tcp 10.0.0.5:6443: connect: connection refused',
  ],
  serverCertificateUntrusted: [
    'reflector.go:205] "Failed to watch" err="failed to list *v1.Node: tls: failed to verify certificate: x509: certificate signed by unknown authority"',
    'reflector.go:138] Failed to watch *v1.Node: Get "https://api-int:6443": x509: certificate has expired or is not yet valid: current time 2026-11-22',
  ],
};

describe('the lines of the journal that tell one loss from another', () => {
  for (const [name, lines] of Object.entries(wordings) as [Line, string[]][]) {
    it(`${name}: in each wording, and nothing else is counted`, async (t) => {
      const node = fakeNode(t);
      node.write(
        'fake/journal',
        `${lines.map((line) => `E1122 12:00:00.000000    1234 ${line}`).join('\n')}\n`,
      );
      const { windowMinutes: _, ...counts } = (await lookAtNode(node.lane, 'master-1', {})).kubelet.journal;
      const seen = Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
      const also = name === 'clientCertificateExpired' ? { exitingServerResponsive: 1 } : {};
      assert.deepEqual(seen, { [name]: lines.length, ...also });
    });
  }
});
