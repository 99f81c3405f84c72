/** The platform's own names, in one place. */

export const etcdNamespace = 'openshift-etcd';
export const allCertsSecret = 'etcd-all-certs';
export const overrideKey = 'useUnsupportedUnsafeNonHANonProductionUnstableEtcd';

/** The operator's `envVarSafe`: dots as well as dashes. A tool that forgot the dots never found a node named by its domain. */
export function envSafe(node: string): string {
  return node.replaceAll(/[-.]/g, '_');
}

export function ipVariable(node: string): string {
  return `NODE_${envSafe(node)}_IP`;
}

export function urlHostVariable(node: string): string {
  return `NODE_${envSafe(node)}_ETCD_URL_HOST`;
}

const certificateKinds = ['etcd-peer', 'etcd-serving', 'etcd-serving-metrics'] as const;

/** The three secrets of one node. Built from the whole name, never by searching: `master-1` is a prefix of `master-10`. */
export function certificateSecrets(node: string): string[] {
  return certificateKinds.map((kind) => `${kind}-${node}`);
}

/** The key whose absence from `etcd-all-certs` makes the operator's signer run even in mid-roll-out. */
export function signerTrigger(node: string): string {
  return `etcd-serving-${node}.key`;
}

export function quarantineDirectory(runId: string): string {
  return `/var/lib/etcd/quarantine-${runId}`;
}

export function snapshotDirectory(runId: string): string {
  return `/var/lib/etcd-recovery/${runId}`;
}

/** The node scripts, by what they do. */
export const etcdScripts = {
  always: { read: 'read-members.sh', snapshot: 'snapshot-etcd.sh', stream: 'stream-snapshot.sh' },
  changeMember: 'change-member.sh',
  quarantine: 'quarantine-etcd.sh',
  restore: 'restore-etcd.sh',
} as const;
