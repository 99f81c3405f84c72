import { createPrivateKey, X509Certificate } from 'node:crypto';
import { CLIENT_SIGNER, CSRS, listCsrs } from '../cluster/approver.ts';
import { KUBELET_KUBECONFIG, KUBELET_PKI } from '../cluster/paths.ts';
import type { Lab } from '../handle.ts';
import { during } from '../host/progress.ts';
import type { FaultOptions } from './fault.ts';
import { startKubelet, stopKubelet } from './kubelet-unit.ts';
import { readText, writeSecret } from './node-files.ts';
import { on, untilHealthy } from './node-health.ts';
import { forget, isSaved, restoreFiles, saveFiles } from './saved.ts';

export const CURRENT_PEM = `${KUBELET_PKI}/kubelet-client-current.pem`;

/** One place for every fault of this family: whichever of them is healed, the node gets its own identity back. */
const SAVED = 'kubelet-credential';

/** Keeps certificate and kubeconfig outside the node, unless they are broken already. */
export async function saveCredential(lab: Lab, node: string): Promise<void> {
  if (!(await isOwnIdentity(lab, node))) return;
  await saveFiles(lab, SAVED, node, [`${KUBELET_PKI}/kubelet-client*`, KUBELET_KUBECONFIG]);
}

/**
 * Is what the kubelet would start with a valid certificate of this node, behind a link, with its key, and named by its kubeconfig?
 * One that was lent cluster-admin may have both.
 */
export async function isOwnIdentity(lab: Lab, node: string): Promise<boolean> {
  const { code } = await lab.sh(node, ['test', '-L', CURRENT_PEM]);
  const pem = await readText(lab, node, CURRENT_PEM);
  const kubeconfig = await readText(lab, node, KUBELET_KUBECONFIG);
  if (!kubeconfig?.includes(CURRENT_PEM)) return false;
  return code === 0 && pem !== undefined && isCertificateOf(pem, node, lab.pki.read('csr-signer.crt'));
}

export function isCertificateOf(pem: string, node: string, signer: string): boolean {
  try {
    const certificate = new X509Certificate(pem);
    return (
      certificate.subject === `O=system:nodes\nCN=system:node:${node}` &&
      Date.parse(certificate.validTo) > Date.now() &&
      certificate.checkPrivateKey(createPrivateKey(pem)) &&
      certificate.verify(new X509Certificate(signer).publicKey)
    );
  } catch {
    return false;
  }
}

/** The kubelet names its files by the second in which it got them; ours are from a time when it had none. */
export function pemPath(stamp: string): string {
  return `${KUBELET_PKI}/kubelet-client-${stamp}.pem`;
}

/** Makes `content` the kubelet's client certificate, the way the kubelet does: a file with a link to it. */
export async function putCertificate(lab: Lab, node: string, content: string): Promise<void> {
  const path = pemPath('2026-01-02-03-04-05');
  await removeCertificates(lab, node);
  await writeSecret(lab, node, path, content);
  await on(lab, node, 'ln', '-sfn', path, CURRENT_PEM);
}

export async function removeCertificates(lab: Lab, node: string): Promise<void> {
  await on(lab, node, 'sh', '-c', `rm -f ${KUBELET_PKI}/kubelet-client*`);
}

/** Puts the node's own certificate and kubeconfig back, whatever has become of them; the bootstrap file is another's. */
export async function healCredential(
  lab: Lab,
  node: string,
  { progress, signal }: FaultOptions,
): Promise<void> {
  const since = new Date();
  if (isSaved(lab, SAVED, node)) {
    await during(progress, `${node}: certificate and kubeconfig put back`, async () => {
      await stopKubelet(lab, node);
      await removeCertificates(lab, node);
      await restoreFiles(lab, SAVED, node);
      await startKubelet(lab, node);
    });
  }
  const usually = { usually: '10 s' };
  await during(progress, `${node}: healthy`, () => untilHealthy(lab, node, since, signal), usually);
  await deletePending(lab, node);
  forget(lab, SAVED, node);
}

/** What the kubelet has asked for in vain stays for a day, and would be the next test's riddle. */
async function deletePending(lab: Lab, node: string): Promise<void> {
  for (const csr of await listCsrs(lab.api)) {
    const own = csr.node === node && csr.signerName === CLIENT_SIGNER && csr.pending;
    if (own) await lab.api.send('DELETE', `${CSRS}/${csr.name}`);
  }
}
