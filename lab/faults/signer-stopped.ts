import { mirrorPods, readyNodes } from '../cluster/health.ts';
import { waitUntil } from '../cluster/wait.ts';
import type { Lab } from '../handle.ts';
import { during } from '../host/progress.ts';
import type { Fault } from './fault.ts';
import { putManifestBack, takeManifest, type ManifestFault } from './manifest.ts';
import { leaseOf } from './node-health.ts';

const MANIFEST: ManifestFault = {
  fault: 'signer-stopped',
  file: 'kube-controller-manager-pod.yaml',
  container: 'kube-controller-manager',
};

/** Whoever reads a lease allows ten seconds for clocks: only after them everybody agrees that it has run out. */
const CLOCKS_MS = 11_000;

export const signerStopped: Fault = {
  name: MANIFEST.fault,
  sentence: 'No kube-controller-manager runs on any master, so nobody signs certificates.',
  symptom:
    'An approved certificate signing request stays without a certificate; the lease kube-system/kube-controller-manager ' +
    'is not renewed.',
  heal: "Put the kube-controller-manager's manifest back on every master.",

  async break(lab, _node, { progress, signal }) {
    await during(progress, 'kube-controller-manager stopped on every master', async () => {
      await Promise.all(lab.masters.map((master) => takeManifest(lab, master, { ...MANIFEST, signal })));
    });
    const text = 'the lease of the kube-controller-manager has run out';
    await during(
      progress,
      text,
      () => waitUntil(text, () => leaseRanOut(lab, CLOCKS_MS), { withinMs: 120_000, signal }),
      {
        usually: '30 s',
      },
    );
  },

  async healByForce(lab, _node, { progress, signal }) {
    for (const master of lab.masters) await putManifestBack(lab, master, MANIFEST);
    const text = 'a kube-controller-manager holds its lease';
    const held = async () => (await leaseRanOut(lab)) !== true || 'the lease has run out';
    await during(progress, text, () => waitUntil(text, held, { withinMs: 3 * 60_000, signal }), {
      usually: '15 s',
    });
    await waitUntil(text, () => podsOfReadyNodes(lab), { withinMs: 3 * 60_000, signal });
  },
};

async function leaseRanOut(lab: Lab, longAgoMs = 0): Promise<true | string> {
  const { renewTime, leaseDurationSeconds = 0 } = await leaseOf(
    lab,
    'kube-system',
    'kube-controller-manager',
  );
  const end = Date.parse(renewTime ?? '') + leaseDurationSeconds * 1000;
  return end + longAgoMs < Date.now() || `it runs until ${new Date(end).toISOString()}`;
}

/** Another fault may have taken a node out of the cluster; that one is not for this to wait for. */
async function podsOfReadyNodes(lab: Lab): Promise<true | string> {
  const pods = await mirrorPods(lab.api);
  const running = pods.filter(({ name, ready }) => ready && name.startsWith(MANIFEST.container));
  const missing = (await readyNodes(lab.api)).filter((node) => !running.some((pod) => pod.node === node));
  return missing.length === 0 || `no ${MANIFEST.container} is Ready on ${missing.join(', ')}`;
}
