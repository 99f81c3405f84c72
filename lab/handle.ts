import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Foundations } from './base/foundations.ts';
import { adminApi, apiUrl, type Api } from './cluster/api.ts';
import { parseAuditLog, type AuditEvent } from './cluster/audit.ts';
import { openPki, type ClusterPki } from './cluster/certificates.ts';
import { inventoryPath } from './cluster/identity.ts';
import { AUDIT_DIR, ETCD_CERTS } from './cluster/paths.ts';
import { run, type RunOptions, type RunResult } from './host/run.ts';
import { currentAddress } from './node/address.ts';
import { initPid, inNode } from './node/node.ts';
import { ssh } from './node/ssh.ts';
import { isPlatformRunning } from './platform/process.ts';
import { labSettings, MASTERS, NODES, type LabSettings, type Platform } from './settings.ts';

/** A running three-master control plane on this machine. */
export interface Lab {
  /** Also the name of the cluster in its inventory. */
  name: string;
  dir: string;
  settings: LabSettings;
  /** `clusters.yaml` that makes cpr work on this lab, with cpr's own identity. */
  inventory: string;
  masters: readonly string[];
  /** What `cpr lab up --platform` has put around the control plane. */
  platform: Platform;
  apiUrl: string;
  /** As system:admin. */
  api: Api;
  pki: ClusterPki;
  /** Where the node is now; a fault may have moved it. */
  address(node: string): string;
  /** As root inside the node, without ssh. Throws when the node is down, not for an exit code. */
  sh(node: string, argv: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** As `core` over ssh; exit code 255 means that ssh itself failed. */
  ssh(node: string, argv: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** As system:admin through the endpoint; resolves to its standard output, throws for an exit code. */
  kubectl(args: readonly string[], options?: RunOptions): Promise<string>;
  /** With the node's own certificates; asks that node's member unless `args` name endpoints. */
  etcdctl(node: string, args: readonly string[], options?: RunOptions): Promise<string>;
  /** What the masters' API servers have recorded, oldest first. */
  auditEvents(filter?: AuditFilter): Promise<AuditEvent[]>;
  /** Running containers of a master, by pod and name. */
  containers(node: string): Promise<Container[]>;
}

export interface AuditFilter {
  /** Exact user name: `system:serviceaccount:control-plane-recovery:cpr`. */
  user?: string;
  /** ISO 8601; compared as time. */
  since?: string;
}

export interface Container {
  id: string;
  name: string;
  namespace: string;
  pod: string;
  /** How often the kubelet has started it anew: CRI's attempt. */
  restarts: number;
}

/** What `lab.json` says about a lab. */
export interface LabState {
  phase: 'starting' | 'up';
  startedAt: string;
  platform: Platform;
  foundations: Foundations;
}

/**
 * The running lab, or undefined: also while it comes up, and when one was left half up. A lab of which a fault has
 * switched a node off is still running.
 */
export async function openLab(settings: LabSettings = labSettings()): Promise<Lab | undefined> {
  const state = readState(settings);
  if (state?.phase !== 'up') return undefined;
  if (NODES.every((node) => initPid(settings, node) === undefined)) return undefined;
  return labOf(settings, state);
}

export interface LabStatus {
  state: 'down' | 'half up' | 'up';
  /** One line per node: running or not. */
  nodes: { name: string; address: string; running: boolean }[];
  /** Which operators stand around the control plane, and whether their process runs; absent without a platform. */
  platform?: { name: string; running: boolean };
}

export async function labStatus(settings: LabSettings = labSettings()): Promise<LabStatus> {
  const nodes = NODES.map((name) => ({
    name,
    address: currentAddress(settings, name),
    running: initPid(settings, name) !== undefined,
  }));
  const state = readState(settings);
  const up = state?.phase === 'up' && nodes.some(({ running }) => running);
  if (up && state.platform !== 'none') {
    return { state: 'up', nodes, platform: { name: state.platform, running: isPlatformRunning(settings) } };
  }
  if (up) return { state: 'up', nodes };
  return { state: existsSync(settings.dir) ? 'half up' : 'down', nodes };
}

export function stateFile(settings: LabSettings): string {
  return join(settings.dir, 'lab.json');
}

function readState(settings: LabSettings): LabState | undefined {
  const file = stateFile(settings);
  if (!existsSync(file)) return undefined;
  // A lab that an older version has brought up says nothing of a platform.
  return { platform: 'none', ...(JSON.parse(readFileSync(file, 'utf8')) as Omit<LabState, 'platform'>) };
}

/** Handles on a lab whose files are there, running or not. */
export function labOf(settings: LabSettings, { foundations, platform }: LabState): Lab {
  const pki = openPki(settings);
  const sh: Lab['sh'] = (node, argv, options) => inNode(settings, node, argv, options);
  return {
    name: settings.name,
    dir: settings.dir,
    settings,
    inventory: inventoryPath(settings),
    masters: MASTERS,
    platform,
    apiUrl: apiUrl(settings),
    api: adminApi(settings, pki),
    pki,
    address: (node) => currentAddress(settings, node),
    sh,
    ssh: (node, argv, options) => ssh(settings, node, argv, options),
    kubectl: (args, options) => kubectl(settings, foundations, args, options),
    etcdctl: (node, args, options) => etcdctl(sh, node, args, options),
    auditEvents: (filter) => auditEvents(sh, filter),
    containers: (node) => containers(sh, node),
  };
}

export function adminKubeconfig(settings: LabSettings): string {
  return join(settings.dir, 'admin.kubeconfig');
}

async function kubectl(
  settings: LabSettings,
  { binDir }: Foundations,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const command = [
    join(binDir, 'kubectl'),
    '--kubeconfig',
    adminKubeconfig(settings),
    '--request-timeout=20s',
  ];
  return outputOf(await run([...command, ...args], options), `kubectl ${args.join(' ')}`);
}

async function etcdctl(
  sh: Lab['sh'],
  node: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const certificate = `${ETCD_CERTS}/secrets/etcd-all-certs/etcd-peer-${node}`;
  const env = {
    ETCDCTL_API: '3',
    ETCDCTL_CACERT: `${ETCD_CERTS}/configmaps/etcd-all-bundles/server-ca-bundle.crt`,
    ETCDCTL_CERT: `${certificate}.crt`,
    ETCDCTL_KEY: `${certificate}.key`,
  };
  // etcdctl refuses an endpoint that is given as flag and as variable.
  const named = args.some((arg) => arg.startsWith('--endpoints'));
  const endpoints = named ? [] : ['--endpoints=https://localhost:2379'];
  const argv = ['etcdctl', '--dial-timeout=2s', '--command-timeout=10s', ...endpoints, ...args];
  return outputOf(await sh(node, argv, { ...options, env }), `etcdctl ${args.join(' ')} on ${node}`);
}

async function auditEvents(sh: Lab['sh'], { user, since }: AuditFilter = {}): Promise<AuditEvent[]> {
  // A log that has grown is rotated into files beside it; a shell is needed for the pattern, and for a missing file.
  const script = user === undefined ? 'cat "$1"/*.log' : 'cat "$1"/*.log | grep -F -- "$2"';
  const perMaster = await Promise.all(
    MASTERS.map(async (master) => {
      const { stdout } = await sh(master, ['sh', '-c', script, 'sh', AUDIT_DIR, user ?? '']);
      return parseAuditLog(stdout, master);
    }),
  );
  const from = since === undefined ? 0 : Date.parse(since);
  return perMaster
    .flat()
    .filter((event) => user === undefined || event.user === user)
    .filter((event) => Date.parse(event.receivedAt) >= from)
    .toSorted((a, b) => a.receivedAt.localeCompare(b.receivedAt));
}

interface CriContainer {
  id: string;
  metadata: { name: string; attempt: number };
  labels: Record<string, string>;
}

async function containers(sh: Lab['sh'], node: string): Promise<Container[]> {
  const output = outputOf(await sh(node, ['crictl', 'ps', '-o', 'json']), `crictl ps on ${node}`);
  const list = (JSON.parse(output) as { containers: CriContainer[] }).containers;
  const found = list.map(({ id, metadata, labels }) => ({
    id,
    name: metadata.name,
    namespace: labels['io.kubernetes.pod.namespace'] ?? '',
    pod: labels['io.kubernetes.pod.name'] ?? '',
    restarts: metadata.attempt,
  }));
  return found.toSorted((left, right) =>
    `${left.pod} ${left.name}`.localeCompare(`${right.pod} ${right.name}`),
  );
}

function outputOf({ code, stdout, stderr }: RunResult, what: string): string {
  if (code === 0) return stdout;
  throw new Error(`${what} ended with exit code ${code}: ${(stderr.trim() || stdout.trim()).slice(-2000)}`);
}
