import type { Lab } from '../../../lab/lab.ts';

/** Everything that the runbook may ever touch on a node. */
const places = [
  '/etc/kubernetes/kubeconfig',
  '/etc/kubernetes/kubelet.conf',
  '/etc/kubernetes/manifests',
  '/etc/systemd/system',
  '/var/lib/kubelet/kubeconfig',
  '/var/lib/kubelet/pki',
  '/var/lib/kubelet-recovery',
];

/** One line per file: type, mode, owner, time of change, target of a link or hash of the content, name. */
const script = `
for place in "$@"; do find "$place" -printf '%y %m %U:%G %T@ %l %p\\n' 2>/dev/null; done | sort -k6
for place in "$@"; do find "$place" -type f -exec sha256sum {} + 2>/dev/null; done | sort -k2
systemctl show kubelet -p InvocationID
`;

export async function fingerprint(lab: Lab, node: string): Promise<string> {
  const { code, stdout, stderr } = await lab.sh(node, ['bash', '-c', script, 'bash', ...places]);
  if (code !== 0) throw new Error(`${node}: no fingerprint: ${stderr}`);
  return stdout;
}
