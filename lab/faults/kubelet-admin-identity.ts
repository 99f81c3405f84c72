import { KUBELET_KUBECONFIG, KUBELET_PKI, NODE_KUBECONFIGS } from '../cluster/paths.ts';
import { waitUntil } from '../cluster/wait.ts';
import type { Lab } from '../handle.ts';
import { during } from '../host/progress.ts';
import type { Fault } from './fault.ts';
import { healCredential, pemPath, removeCertificates, saveCredential } from './kubelet-credential.ts';
import { startKubelet, stopKubelet } from './kubelet-unit.ts';
import { readText, writeSecret } from './node-files.ts';
import { leaseOf, on } from './node-health.ts';

/** How the incident was "solved". */
export const kubeletAdminIdentity: Fault = {
  name: 'kubelet-admin-identity',
  sentence:
    "The kubelet was started with the cluster administrator's kubeconfig; it runs as system:masters where nobody signs, and else has left that key behind.",
  symptom:
    'The Node is Ready and nothing complains; kubeconfig and a kubelet-client-….pem hold a certificate of system:masters.',
  heal: "Put the node's own certificate and kubeconfig back from the copies outside the node; restart the kubelet.",

  async break(lab, node, { progress, signal }) {
    const since = new Date();
    await during(progress, `${node}: the kubelet gets localhost.kubeconfig`, async () => {
      await saveCredential(lab, node);
      await stopKubelet(lab, node);
      await removeCertificates(lab, node);
      await writeSecret(lab, node, KUBELET_KUBECONFIG, await adminKubeconfig(lab, node));
      await startKubelet(lab, node);
    });
    const text = `${node}: the kubelet works with the administrator's key`;
    const works = async (): Promise<true | string> => {
      const { renewTime } = await leaseOf(lab, 'kube-node-lease', node);
      if (renewTime === undefined || new Date(renewTime) < since) return 'the lease has not been renewed';
      return (
        (await on(lab, node, 'ls', KUBELET_PKI)).includes('kubelet-client-current.pem') ||
        'no certificate yet'
      );
    };
    await during(progress, text, () => waitUntil(text, works, { withinMs: 60_000, signal }));
    await leaveKeyBehind(lab, node);
  },

  healByForce: healCredential,
};

async function adminKubeconfig(lab: Lab, node: string): Promise<string> {
  const text = await readText(lab, node, `${NODE_KUBECONFIGS}/localhost.kubeconfig`);
  if (text === undefined) throw new Error(`${node} has no localhost.kubeconfig`);
  return text;
}

/**
 * The kubelet stores the administrator's certificate under the second in which it read it. Signed within the same
 * second, its own goes over it: then the lab puts back what on most days stays.
 */
async function leaveKeyBehind(lab: Lab, node: string): Promise<void> {
  const script = `for f in ${KUBELET_PKI}/kubelet-client-*.pem; do openssl x509 -noout -subject -in "$f"; done`;
  if ((await on(lab, node, 'sh', '-c', script)).includes('system:masters')) return;
  const { pki } = lab;
  const content = `${pki.read('node-system-admin.crt')}${pki.read('node-system-admin.key')}`;
  await writeSecret(lab, node, pemPath('2026-01-02-03-04-05'), content);
}
