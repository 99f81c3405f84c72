import { during, type Progress } from '../host/progress.ts';
import type { Lab } from '../handle.ts';
import { addressOf, apiIntName } from '../settings.ts';
import { approvePending } from './approver.ts';
import { makeIdentity } from './identity.ts';
import { clusterObjects } from './objects.ts';
import { ETCD_BOOTSTRAP_MARK } from './paths.ts';
import { missingMirrorPods, notReady, unreachableKubelets } from './health.ts';
import { Hopeless, waitUntil } from './wait.ts';

const LONG_MS = 5 * 60_000;

/** From booted nodes to a cluster that is ready to be broken. */
export async function install(lab: Lab, progress: Progress, signal: AbortSignal | undefined): Promise<void> {
  const wait = (text: string, probe: () => Promise<true | string>, usually: string) =>
    during(progress, text, () => waitUntil(text, probe, { withinMs: LONG_MS, signal }), { usually });
  // An API that has just come up may still refuse; what is done here may be done twice.
  const repeat = (text: string, work: () => Promise<void>) =>
    wait(text, () => work().then(() => true as const), '2 s');
  await wait('container images imported on three masters', () => imagesImported(lab), '10 s');
  await wait('etcd: three healthy members', () => etcdHealthy(lab), '10 s');
  await wait(`API ready behind ${apiIntName(lab.settings)}`, () => apiReady(lab), '15 s');
  await repeat('namespaces, roles and the bootstrap account', () => makeObjects(lab, signal));
  await wait('three nodes Ready', () => approving(lab, () => notReady(lab.api, lab.masters)), '15 s');
  await repeat('role labels; etcd may no longer found a cluster', () => settle(lab));
  await wait('twelve mirror pods Ready', () => approving(lab, () => missingMirrorPods(lab.api, 12)), '10 s');
  await wait(
    'kubelets serve with approved certificates',
    () => approving(lab, () => unreachableKubelets(lab)),
    '5 s',
  );
  await repeat("cpr's own identity and the inventory", () =>
    makeIdentity(lab.settings, lab.pki, lab.api, (args) => lab.kubectl(args, { signal })),
  );
}

async function imagesImported(lab: Lab): Promise<true | string> {
  for (const node of lab.masters) {
    const { code } = await lab.sh(node, ['test', '-e', '/var/lib/containerd/.imported-hyperkube']);
    if (code === 0) continue;
    await requireNotFailed(lab, node);
    return `${node} is importing`;
  }
  return true;
}

/** A full disk, mostly: nobody needs to wait five minutes for that. */
async function requireNotFailed(lab: Lab, node: string): Promise<void> {
  const unit = 'lab-images.service';
  if ((await lab.sh(node, ['systemctl', 'is-failed', '--quiet', unit])).code !== 0) return;
  const { stdout } = await lab.sh(node, ['journalctl', '-u', unit, '-o', 'cat', '-n', '5', '--no-pager']);
  throw new Hopeless(`${node} cannot import its container images:\n${stdout.trim()}`);
}

async function etcdHealthy(lab: Lab): Promise<true | string> {
  const endpoints = lab.masters.map((node) => `https://${addressOf(lab.settings, node)}:2379`).join(',');
  await lab.etcdctl(lab.masters[0] ?? '', [`--endpoints=${endpoints}`, 'endpoint', 'health']);
  return true;
}

async function apiReady(lab: Lab): Promise<true | string> {
  await lab.api.get('/readyz');
  return true;
}

async function makeObjects(lab: Lab, signal: AbortSignal | undefined): Promise<void> {
  await lab.kubectl(['apply', '-f', '-'], { input: clusterObjects(), signal });
  // The kubelets have been asking without permission, and may now wait up to 32 s before they ask again.
  for (const node of lab.masters) await lab.sh(node, ['systemctl', 'restart', '--no-block', 'kubelet']);
}

async function settle(lab: Lab): Promise<void> {
  const roles = { 'node-role.kubernetes.io/master': '', 'node-role.kubernetes.io/control-plane': '' };
  for (const node of lab.masters) {
    await lab.api.send('PATCH', `/api/v1/nodes/${node}`, { metadata: { labels: roles } });
    await lab.sh(node, ['rm', '-f', ETCD_BOOTSTRAP_MARK]);
  }
}

/** While installing, every master may bootstrap; afterwards nothing of this runs any more. */
async function approving(lab: Lab, probe: () => Promise<true | string>): Promise<true | string> {
  await approvePending(lab.api, { clientsOf: lab.masters });
  return probe();
}
