import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { EtcdPolicy, SnapshotRetention } from '../../domain/etcd/policy.ts';
import type { Policy } from '../../domain/policy.ts';
import { describeIssues, inventoryError } from './problems.ts';
import { inventorySchema, type WrittenCluster } from './schema.ts';

/** Which clusters there are and how to reach them: `clusters.yaml`, checked. Paths are absolute. */
export interface Inventory {
  file: string;
  clusters: Record<string, ClusterConfig>;
}

export interface ClusterConfig {
  name: string;
  api: { kubeconfig: string; context?: string };
  /** `config` goes to `ssh -F`; absent, ssh reads its own files. */
  ssh: { user: string; config?: string };
  /** How scripts get to a master; absent: by ssh. */
  nodeAccess?: 'ssh' | 'pod';
  /** `image` is pinned by its digest; absent: that of the etcd pods. */
  nodePod?: { image: string };
  masters: Record<string, { address: string }>;
  policy: Policy;
  etcd: EtcdPolicy;
  snapshots?: { directory: string; recipient: string; keep: SnapshotRetention };
  /** There exactly when `policy.approvals` is `signed`. */
  approvers?: { allowedSigners: string; revoked?: string };
}

/** Reads and checks one file. Throws `InventoryError` with one line per problem. */
export async function loadInventory(file: string): Promise<Inventory> {
  const path = resolve(file);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw inventoryError(file, [], `${file}: cannot be read: ${readFailure(error)}`);
  });
  return { file: path, clusters: parseInventory(text, { file, baseDir: dirname(path) }) };
}

/** Pure; `file` is only for the messages. */
export function parseInventory(
  text: string,
  { file, baseDir }: { file: string; baseDir: string },
): Record<string, ClusterConfig> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ pos, message }) => {
      return { line: lines.linePos(pos[0]).line, path: '', sentence: `not valid YAML: ${message}` };
    });
    throw inventoryError(file, problems);
  }
  const checked = inventorySchema.safeParse(document.toJS());
  if (!checked.success) throw inventoryError(file, describeIssues(checked.error, document, lines));
  return Object.fromEntries(
    Object.entries(checked.data.clusters).map(([name, written]) => [name, toCluster(name, written, baseDir)]),
  );
}

function toCluster(name: string, written: WrittenCluster, baseDir: string): ClusterConfig {
  const { api, ssh, masters, approvals, approvers, snapshots, policy, nodeAccess, nodePod } = written;
  return {
    name,
    api: {
      kubeconfig: resolve(baseDir, api.kubeconfig),
      ...(api.context === undefined ? {} : { context: api.context }),
    },
    ssh: { user: ssh.user, ...(ssh.config === undefined ? {} : { config: resolve(baseDir, ssh.config) }) },
    ...(nodeAccess === 'pod' && { nodeAccess }),
    ...(nodePod && { nodePod }),
    masters,
    ...(approvers === undefined ? {} : { approvers: toApprovers(approvers, baseDir) }),
    policy: {
      approvals: approvals ?? 'none',
      gateDeadlineMs: policy.gateDeadline,
      remindEveryMs: policy.remindEvery,
      reobserveEveryMs: policy.reobserveEvery,
      soakMs: policy.soak,
      dampingMs: policy.damping,
      votes: policy.votes,
    },
    etcd: toEtcdPolicy(policy.etcd),
    ...(snapshots && { snapshots: { ...snapshots, directory: resolve(baseDir, snapshots.directory) } }),
  };
}

function toEtcdPolicy(written: WrittenCluster['policy']['etcd']): EtcdPolicy {
  return {
    seenForMs: written.seenFor,
    operatorGraceMs: written.operatorGrace,
    rollOutStandstillMs: written.rollOutStandstill,
    patienceMs: written.patience,
    machinePatienceMs: written.machinePatience,
    raftGapAtMost: written.raftGap,
    inPlace: written.inPlace,
  };
}

function toApprovers(
  { allowedSigners, revoked }: NonNullable<WrittenCluster['approvers']>,
  baseDir: string,
): NonNullable<ClusterConfig['approvers']> {
  return {
    allowedSigners: resolve(baseDir, allowedSigners),
    ...(revoked === undefined ? {} : { revoked: resolve(baseDir, revoked) }),
  };
}

function readFailure(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'there is no such file';
  if (error.code === 'EACCES') return 'permission denied';
  if (error.code === 'EISDIR') return 'it is a directory';
  return error.message;
}
