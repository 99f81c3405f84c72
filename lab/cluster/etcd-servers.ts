import type { Lab } from '../handle.ts';
import { mirrorPods } from './health.ts';
import { MANIFESTS } from './paths.ts';
import { waitUntil } from './wait.ts';

const MANIFEST = `${MANIFESTS}/kube-apiserver-pod.yaml`;
const BESIDE = '/etc/kubernetes/.kube-apiserver-pod.yaml';

/**
 * Stands in for the kube-apiserver operator, which gives its API servers the members of `etcd-endpoints` with a revision of its own:
 * one master after the other, each once it is Ready again. That takes the platform tens of minutes; here it is done when it is
 * called, so that a lab in which a second master moves is not one whose API servers know of one member only.
 */
export async function tellApiServers(lab: Lab, signal?: AbortSignal): Promise<void> {
  const addresses = lab.masters.map((node) => lab.address(node));
  for (const node of lab.masters) await tell(lab, node, addresses, signal);
}

async function tell(lab: Lab, node: string, etcd: string[], signal: AbortSignal | undefined): Promise<void> {
  const { code, stdout, stderr } = await lab.sh(node, ['cat', MANIFEST]);
  if (code !== 0) throw new Error(`${node}: cannot read ${MANIFEST}: ${stderr.trim()}`);
  const wanted = withAddresses(stdout, { own: lab.address(node), etcd });
  if (wanted === stdout) return;
  const before = await hashOf(lab, node);
  // The kubelet reads whatever appears in that directory, and half a file is a file.
  const write = `umask 077 && cat > ${BESIDE} && mv ${BESIDE} ${MANIFEST}`;
  const written = await lab.sh(node, ['sh', '-c', write], { input: wanted });
  if (written.code !== 0) throw new Error(`${node}: cannot write ${MANIFEST}: ${written.stderr.trim()}`);
  const what = `${node}: its API server knows etcd at ${etcd.join(', ')}`;
  await waitUntil(what, () => replaced(lab, node, before), { withinMs: 5 * 60_000, everyMs: 1000, signal });
}

/** The manifest of an API server at `own`, with these members of etcd and the one beside it. */
export function withAddresses(manifest: string, { own, etcd }: { own: string; etcd: string[] }): string {
  const members = [...etcd, 'localhost'].map((host) => `https://${host}:2379`);
  return manifest
    .replace(/--etcd-servers=\S+/, `--etcd-servers=${members.join(',')}`)
    .replace(/--advertise-address=\S+/, `--advertise-address=${own}`);
}

async function hashOf(lab: Lab, node: string): Promise<string | undefined> {
  return (await apiServer(lab, node))?.hash;
}

async function replaced(lab: Lab, node: string, before: string | undefined): Promise<true | string> {
  const pod = await apiServer(lab, node);
  if (!pod) return 'it has no pod';
  if (pod.hash === before) return 'the pod is still the old one';
  return pod.ready || 'the new pod is not Ready';
}

async function apiServer(lab: Lab, node: string) {
  return (await mirrorPods(lab.api)).find(({ name }) => name === `kube-apiserver-${node}`);
}
