import { setTimeout as sleep } from 'node:timers/promises';
import { approve, CLIENT_SIGNER, listCsrs, type Csr } from '../../../lab/cluster/approver.ts';
import { removeCertificates } from '../../../lab/faults/kubelet-credential.ts';
import { restartKubelet } from '../../../lab/faults/kubelet-unit.ts';
import { untilHealthy } from '../../../lab/faults/node-health.ts';
import type { Lab } from '../../../lab/lab.ts';

const WAIT_MS = 90_000;

/** What would bring the incident back, if the bootstrap file were not as good as it looks. */
export async function removeCertificateAndRestart(lab: Lab, node: string): Promise<void> {
  await removeCertificates(lab, node);
  await restartKubelet(lab, node);
}

/** The request that the node's kubelet files by itself; then it is approved, and the node gets well. */
export async function ownRequestSince(lab: Lab, node: string, since: Date): Promise<Csr> {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const request = (await listCsrs(lab.api)).find((csr) => isNewOf(csr, node, since));
    if (request) {
      await approve(lab.api, request);
      await untilHealthy(lab, node, since);
      return request;
    }
    if (Date.now() > deadline) throw new Error(`${node} has filed no request within ${WAIT_MS / 1000} s`);
    await sleep(300);
  }
}

/** The API server's times have no fractions of a second. */
function isNewOf({ signerName, node, createdAt, pending }: Csr, wanted: string, since: Date): boolean {
  const isNew = Date.parse(createdAt) >= Math.floor(since.getTime() / 1000) * 1000;
  return signerName === CLIENT_SIGNER && node === wanted && pending && isNew;
}
