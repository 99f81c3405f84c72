import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { stringify } from 'yaml';
import type { ClusterConnection } from '../../../activities/connections/cluster.ts';
import { createNodeLane, type NodeLane } from '../../../activities/connections/node-lane.ts';
import { createControlSockets } from '../../../activities/connections/control-sockets.ts';
import { defaultEtcdPolicy } from '../../../domain/etcd/policy.ts';
import { defaultPolicy } from '../../../domain/policy.ts';

/** A master in a directory: the files that a kubelet leaves, and commands that behave like systemctl, kubectl and the rest. */
export interface FakeNode {
  root: string;
  lane: NodeLane;
  write(path: string, content: string | Uint8Array): void;
  read(path: string): string;
  has(path: string): boolean;
  /** Lines that the fake commands wrote: `systemctl restart --no-block kubelet`. */
  calls(): string[];
  /** What `systemctl show` says. */
  unit(change: Record<string, string>): void;
  /** The API, asked on the node, accepts these tokens. */
  acceptTokens(...tokens: string[]): void;
  /** The API, asked with the kubeconfig of this file name, takes it for this user. */
  knows(kubeconfig: string, username: string, ...groups: string[]): void;
}

export const nodeServer = 'https://api-int.lab.test:6443';
export const nodeCa = '-----BEGIN CERTIFICATE-----\nbm90IHJlYWxseQ==\n-----END CERTIFICATE-----\n';
const bin = join(import.meta.dirname, 'bin');

export function fakeNode(t: TestContext, name = 'master-1'): FakeNode {
  const root = mkdtempSync(join(tmpdir(), 'cpr-node-'));
  t.after(() => rmSync(root, { recursive: true }));
  const path = (file: string) => join(root, file);
  const node: FakeNode = {
    root,
    lane: laneBy(
      t,
      name,
      `export CPR_ROOT='${root}' CPR_BIN='${root}/bin' BASH_ENV='${root}/fake/die'\nexec bash -s`,
    ),
    write(file, content) {
      mkdirSync(dirname(path(file)), { recursive: true });
      writeFileSync(path(file), content);
    },
    read: (file) => readFileSync(path(file), 'utf8'),
    has: (file) => existsSync(path(file)),
    calls: () => (existsSync(path('fake/calls')) ? node.read('fake/calls').trim().split('\n') : []),
    unit(change) {
      const known = node.has('fake/unit') ? node.read('fake/unit').trim().split('\n') : [];
      const properties = Object.fromEntries(known.map((line) => line.split('=') as [string, string]));
      const lines = Object.entries({ ...properties, ...change }).map(([key, value]) => `${key}=${value}`);
      node.write('fake/unit', `${lines.join('\n')}\n`);
    },
    acceptTokens: (...tokens) => node.write('fake/accepted-tokens', `${tokens.join('\n')}\n`),
    knows: (file, username, ...groups) => {
      const userInfo = { username, groups };
      node.write(`fake/who/${file}`, JSON.stringify({ kind: 'SelfSubjectReview', status: { userInfo } }));
    },
  };
  cpSync(bin, path('bin'), { recursive: true });
  writeHealthyFiles(node, name);
  return node;
}

function writeHealthyFiles(node: FakeNode, name: string): void {
  node.write('proc/sys/kernel/hostname', `${name}\n`);
  mkdirSync(join(node.root, 'run'));
  mkdirSync(join(node.root, 'var/lib/kubelet/pki'), { recursive: true });
  node.write('etc/kubernetes/kubeconfig', bootstrapFile('rejected-token-of-before'));
  node.write('var/lib/kubelet/kubeconfig', ownKubeconfig());
  node.write(
    'etc/kubernetes/manifests/etcd-pod.yaml',
    stringify({ kind: 'Pod', metadata: { name: 'etcd', namespace: 'openshift-etcd' } }),
  );
  node.unit({
    LoadState: 'loaded',
    ActiveState: 'active',
    SubState: 'running',
    Result: 'success',
    NRestarts: '0',
    MainPID: '0',
    Environment: `KUBELET_NODE_NAME=${name}`,
    InvocationID: 'invocation-0',
    ExecMainStartTimestamp: 'Sun 2026-11-22 20:31:08 UTC',
  });
}

function ownKubeconfig(server = nodeServer): string {
  const pem = '/var/lib/kubelet/pki/kubelet-client-current.pem';
  return kubeconfigText(server, { 'client-certificate': pem, 'client-key': pem });
}

export function bootstrapFile(token: string): string {
  return kubeconfigText(nodeServer, { token });
}

export function kubeconfigText(server: string, user: object): string {
  const cluster = { server, 'certificate-authority-data': Buffer.from(nodeCa).toString('base64') };
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'local', cluster }],
      users: [{ name: 'kubelet', user }],
      contexts: [{ name: 'kubelet', context: { cluster: 'local', user: 'kubelet' } }],
      'current-context': 'kubelet',
    },
    { lineWidth: 0 },
  );
}

/** A lane whose ssh is this shell text; the script arrives on its standard input. */
export function laneBy(t: TestContext, name: string, ssh: string): NodeLane {
  const directory = mkdtempSync(join(tmpdir(), 'cpr-ssh-'));
  const command = join(directory, 'ssh');
  writeFileSync(command, `#!/bin/bash\n${ssh}\n`, { mode: 0o755 });
  const sockets = createControlSockets();
  t.after(() => {
    sockets.remove();
    rmSync(directory, { recursive: true });
  });
  return createNodeLane(clusterWith(name), { ssh: command, sockets });
}

export function clusterWith(node: string, kubeconfig = '/nonexistent'): ClusterConnection {
  return {
    name: 'fake',
    api: { kubeconfig },
    ssh: { user: 'core', config: '/etc/cpr/ssh_config' },
    masters: { [node]: { address: '10.0.0.12' } },
    policy: defaultPolicy,
    etcd: defaultEtcdPolicy,
  };
}
