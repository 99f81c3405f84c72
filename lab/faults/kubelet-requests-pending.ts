import { setTimeout as sleep } from 'node:timers/promises';
import { CLIENT_SIGNER, listCsrs } from '../cluster/approver.ts';
import { BOOTSTRAPPER_USER } from '../cluster/certificates.ts';
import { waitUntil } from '../cluster/wait.ts';
import type { Lab } from '../handle.ts';
import { during } from '../host/progress.ts';
import type { Fault } from './fault.ts';
import { healCredential, removeCertificates, saveCredential } from './kubelet-credential.ts';
import { restartKubelet } from './kubelet-unit.ts';

const REQUESTS = 2;
/** Kubernetes and systemd write whole seconds: within one, nobody could say whose the older request is. */
const APART_MS = 1_500;

export const kubeletRequestsPending: Fault = {
  name: 'kubelet-requests-pending',
  sentence:
    "The kubelet's client certificate is gone, and it has been restarted: two of its requests wait, of which one is of any use.",
  symptom:
    'Two pending certificate signing requests of the kubelet itself; approving the older one is answered with a certificate that ' +
    'nobody waits for.',
  heal: 'Put certificate and kubeconfig back from the copies outside the node; restart the kubelet; delete the requests.',

  async break(lab, node, { progress, signal }) {
    await during(progress, `${node}: the client certificate is removed`, async () => {
      await saveCredential(lab, node);
      await removeCertificates(lab, node);
    });
    const before = new Set((await pending(lab, node)).map(({ uid }) => uid));
    for (let round = 1; round <= REQUESTS; round++) {
      const text = `${node}: ${round} of ${REQUESTS} requests pending`;
      const asked = async () => {
        const now = (await pending(lab, node)).filter(({ uid }) => !before.has(uid)).length;
        return now >= round || `${now} are pending`;
      };
      if (round > 1) await sleep(APART_MS, undefined, { signal });
      await restartKubelet(lab, node);
      await during(progress, text, () => waitUntil(text, asked, { withinMs: 60_000, signal }));
    }
  },

  healByForce: healCredential,
};

async function pending(lab: Lab, node: string) {
  return (await listCsrs(lab.api)).filter(
    (csr) =>
      csr.pending &&
      csr.node === node &&
      csr.signerName === CLIENT_SIGNER &&
      csr.requester === BOOTSTRAPPER_USER,
  );
}
