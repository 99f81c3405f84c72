import assert from 'node:assert/strict';
import { CLIENT_SIGNER, listCsrs } from '../../../lab/cluster/approver.ts';
import { apiIntName } from '../../../lab/settings.ts';
import type { Container, Lab } from '../../../lab/lab.ts';
import { adminCertificates, temporaryTokens, type NodeFile } from './credentials-in.ts';

/** How a master stood before it was broken. */
export interface Before {
  /** Of all masters. */
  etcd: Record<string, string>;
  /** Mirror pods of the node: `openshift-etcd/etcd-master-1` → hash of the manifest. */
  hashes: Record<string, string>;
  manifests: string;
}

export async function rememberHealthy(lab: Lab, node: string): Promise<Before> {
  const mirrors = await mirrorsOf(lab, node);
  assert.equal(Object.keys(mirrors).length, 4, `${node} has its four mirror pods before it is broken`);
  return {
    etcd: await etcdContainers(lab),
    hashes: Object.fromEntries(Object.entries(mirrors).map(([pod, { hash }]) => [pod, hash])),
    manifests: await manifestHashes(lab, node),
  };
}

/**
 * Everything that is not as a healed node must be, found with commands of the test's own and from the node: none of the
 * product's code has a part in it. `restartedAt` in seconds since 1970.
 */
export async function faultsOf(
  lab: Lab,
  node: string,
  before: Before,
  restartedAt: number,
): Promise<string[]> {
  const found = await Promise.all([
    identityFaults(lab, node),
    kubeconfigFaults(lab, node),
    bootstrapFaults(lab, node),
    leftoverFaults(lab, node),
    backupFaults(lab, node),
    mirrorFaults(lab, node, before, restartedAt),
    etcdFaults(lab, before),
  ]);
  return found.flat();
}

async function identityFaults(lab: Lab, node: string): Promise<string[]> {
  const pem = '/var/lib/kubelet/pki/kubelet-client-current.pem';
  const subject = await root(lab, node, `openssl x509 -in ${pem} -noout -subject -nameopt RFC2253`);
  const kind = await root(lab, node, `stat -c %F ${pem}`);
  const whoami = await root(
    lab,
    node,
    "kubectl --kubeconfig /var/lib/kubelet/kubeconfig auth whoami -o jsonpath='{.status.userInfo.username}'",
  );
  return [
    ...unless(subject === `subject=CN=system:node:${node},O=system:nodes`, `client certificate: ${subject}`),
    ...unless(kind === 'symbolic link', `client certificate: a ${kind}`),
    ...unless(whoami === `system:node:${node}`, `the API calls the kubelet ${whoami}`),
  ];
}

interface KubeconfigView {
  clusters: { cluster: { server: string } }[];
  users: { user: Record<string, string> }[];
}

async function kubeconfigFaults(lab: Lab, node: string): Promise<string[]> {
  const text = await root(lab, node, 'kubectl config view --kubeconfig /var/lib/kubelet/kubeconfig -o json');
  const { clusters, users } = JSON.parse(text) as KubeconfigView;
  const pem = '/var/lib/kubelet/pki/kubelet-client-current.pem';
  const expected = {
    servers: [`https://${apiIntName(lab.settings)}:6443`],
    users: [{ 'client-certificate': pem, 'client-key': pem }],
  };
  const actual = {
    servers: clusters.map(({ cluster }) => cluster.server),
    users: users.map(({ user }) => user),
  };
  return unless(same(actual, expected), `kubeconfig: ${JSON.stringify(actual)}`);
}

async function bootstrapFaults(lab: Lab, node: string): Promise<string[]> {
  const view = 'kubectl config view --raw --kubeconfig /etc/kubernetes/kubeconfig -o jsonpath=';
  const [token, certificate, mayAsk, server] = await Promise.all([
    root(lab, node, `${view}'{.users[0].user.token}'`),
    root(
      lab,
      node,
      `${view}'{.users[0].user.client-certificate-data}' | base64 -d | openssl x509 -noout -subject -checkend 86400 2>&1`,
    ),
    root(
      lab,
      node,
      'kubectl --kubeconfig /etc/kubernetes/kubeconfig auth can-i create certificatesigningrequests.certificates.k8s.io 2>&1 | tail -n1',
    ),
    root(lab, node, `${view}'{.clusters[*].cluster.server}'`),
  ]);
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8');
  // What the installer has left on a master, or what a recovery does: both are node-bootstrapper's and last.
  const lasting =
    token === ''
      ? /node-bootstrapper[^]*will not expire/.test(certificate)
      : payload.includes('node-bootstrapper') && !payload.includes('"exp"');
  return [
    ...unless(lasting, 'bootstrap file: no lasting credential of node-bootstrapper'),
    ...unless(mayAsk === 'yes', `bootstrap file: may it file a request? ${mayAsk}`),
    ...unless(server === `https://${apiIntName(lab.settings)}:6443`, `bootstrap file: server ${server}`),
  ];
}

/** A backup that was changed since it was made. */
async function backupFaults(lab: Lab, node: string): Promise<string[]> {
  const script =
    'for d in /var/lib/kubelet-recovery/*/; do [ -e "$d/manifest.sha256" ] || continue; ' +
    '(cd "$d" && sha256sum --quiet -c manifest.sha256 >/dev/null 2>&1) || echo "backup $d does not verify"; done';
  const said = await root(lab, node, script);
  return said.split('\n').filter(Boolean);
}

/**
 * What was asked for since then and still waits: somebody could approve it in a day's time. None comes of a recovery that
 * nothing disturbs; a rival's is not ours to deny, and a second restart leaves the one of the first.
 */
export async function requestsLeft(lab: Lab, node: string, since: number): Promise<string[]> {
  const young = (await listCsrs(lab.api)).filter(
    (csr) =>
      csr.pending &&
      csr.node === node &&
      csr.signerName === CLIENT_SIGNER &&
      Date.parse(csr.createdAt) / 1000 >= since,
  );
  return young.map(({ name, requester }) => `request ${name} of ${requester} is left pending`);
}

async function leftoverFaults(lab: Lab, node: string): Promise<string[]> {
  const files = await filesUnder(lab, node, [
    '/var/lib/kubelet',
    '/var/lib/kubelet-recovery',
    '/etc/kubernetes/kubeconfig',
  ]);
  assert.ok(files.length > 5, 'the search for left-over credentials sees files');
  return [
    ...adminCertificates(files).map((path) => `certificate of system:masters in ${path}`),
    ...temporaryTokens(files).map((path) => `temporary token in ${path}`),
  ];
}

async function mirrorFaults(lab: Lab, node: string, before: Before, restartedAt: number): Promise<string[]> {
  const mirrors = await mirrorsOf(lab, node);
  const stirred = !(await servedThrough(lab, node, restartedAt));
  const sandboxes = await sandboxHashes(lab, node);
  const manifests = await manifestHashes(lab, node);
  const each = Object.entries(before.hashes).map(([pod, hash]) => {
    const mirror = mirrors[pod];
    if (!mirror) return `mirror pod ${pod} is missing`;
    if (mirror.hash !== hash) return `mirror pod ${pod} is stale: hash ${mirror.hash}, not ${hash}`;
    if (stirred && mirror.statusAt < restartedAt)
      return `mirror pod ${pod} is stale: its status is older than the restart`;
    if (sandboxes[pod] !== hash) return `the container runtime runs ${pod} with hash ${sandboxes[pod]}`;
    return mirror.ready ? undefined : `mirror pod ${pod} is not ready`;
  });
  return [
    ...each.filter((fault) => fault !== undefined),
    ...unless(manifests === before.manifests, 'manifests were changed'),
  ];
}

async function etcdFaults(lab: Lab, before: Before): Promise<string[]> {
  const now = await etcdContainers(lab);
  return unless(
    same(now, before.etcd),
    `etcd was disturbed: ${JSON.stringify({ before: before.etcd, now })}`,
  );
}

/**
 * Of a Node that has not been taken for dead nobody has touched the pods either, and a kubelet writes no status twice. Ready
 * since before, and a lease that was renewed after: one that is silent stays Ready for 40 s.
 */
async function servedThrough(lab: Lab, node: string, restartedAt: number): Promise<boolean> {
  const { status } = JSON.parse(await lab.kubectl(['get', 'node', node, '-o', 'json'])) as {
    status: { conditions: { type: string; status: string; lastTransitionTime: string }[] };
  };
  const ready = status.conditions.find(({ type }) => type === 'Ready');
  const renewed = await lab.kubectl(
    `get lease ${node} -n kube-node-lease -o jsonpath={.spec.renewTime}`.split(' '),
  );
  return (
    ready?.status === 'True' &&
    Date.parse(ready.lastTransitionTime) / 1000 < restartedAt &&
    Date.parse(renewed) / 1000 >= restartedAt
  );
}

interface PodObject {
  metadata: {
    name: string;
    namespace: string;
    creationTimestamp: string;
    annotations?: Record<string, string>;
    managedFields?: { manager?: string; subresource?: string; time?: string }[];
  };
  spec: { nodeName?: string };
  status: { conditions?: { type: string; status: string }[] };
}

interface Mirror {
  hash: string;
  createdAt: number;
  ready: boolean;
  /** When the kubelet last wrote its status, seconds since 1970. */
  statusAt: number;
}

async function mirrorsOf(lab: Lab, node: string): Promise<Record<string, Mirror>> {
  const text = await lab.kubectl(['get', 'pods', '-A', '-o', 'json', '--show-managed-fields']);
  const { items } = JSON.parse(text) as { items: PodObject[] };
  const mirrors = items.flatMap(({ metadata, spec, status }) => {
    const hash = metadata.annotations?.['kubernetes.io/config.mirror'];
    if (spec.nodeName !== node || hash === undefined) return [];
    const writes = (metadata.managedFields ?? []).filter(({ subresource }) => subresource === 'status');
    const mirror: Mirror = {
      hash,
      createdAt: Date.parse(metadata.creationTimestamp) / 1000,
      ready: (status.conditions ?? []).some(
        (condition) => condition.type === 'Ready' && condition.status === 'True',
      ),
      statusAt: Math.max(0, ...writes.map(({ time }) => Date.parse(time ?? '') / 1000)),
    };
    return [[`${metadata.namespace}/${metadata.name}`, mirror] as const];
  });
  return Object.fromEntries(mirrors);
}

/** When the last mirror pod of the node came back, seconds since 1970. */
export async function lastMirrorPodAt(lab: Lab, node: string): Promise<number> {
  const mirrors = Object.values(await mirrorsOf(lab, node));
  return Math.max(...mirrors.map(({ createdAt }) => createdAt));
}

async function sandboxHashes(lab: Lab, node: string): Promise<Record<string, string>> {
  const text = await root(lab, node, 'crictl pods -o json');
  const { items } = JSON.parse(text) as {
    items: {
      state: string;
      metadata: { name: string; namespace: string };
      annotations: Record<string, string>;
    }[];
  };
  const running = items.filter(({ state }) => state === 'SANDBOX_READY');
  return Object.fromEntries(
    running.map(({ metadata, annotations }) => [
      `${metadata.namespace}/${metadata.name}`,
      annotations['kubernetes.io/config.hash'] ?? 'none',
    ]),
  );
}

function manifestHashes(lab: Lab, node: string): Promise<string> {
  return root(lab, node, 'sha256sum /etc/kubernetes/manifests/*');
}

async function etcdContainers(lab: Lab): Promise<Record<string, string>> {
  const entries = await Promise.all(
    lab.masters.map(async (master) => {
      const containers = await lab.containers(master);
      return [master, containers.filter(isOfEtcd).map(inWords).toSorted().join(', ')] as const;
    }),
  );
  return Object.fromEntries(entries);
}

function isOfEtcd({ namespace }: Container): boolean {
  return namespace === 'openshift-etcd';
}

function inWords({ name, id, restarts }: Container): string {
  return `${name} ${id.slice(0, 13)} restarted ${restarts} times`;
}

/** Regular files up to a megabyte: neither logs nor images hold credentials that anybody would look for. */
async function filesUnder(lab: Lab, node: string, places: string[]): Promise<NodeFile[]> {
  const find = `find ${places.join(' ')} -xdev -type f -size -1024k -print0 2>/dev/null`;
  const script = `${find} | while IFS= read -r -d '' file; do printf '%s\\t%s\\n' "$file" "$(base64 -w0 "$file")"; done`;
  const text = await root(lab, node, script);
  return text.split('\n').map((line) => {
    const [path = '', content = ''] = line.split('\t');
    return { path, content: Buffer.from(content, 'base64') };
  });
}

async function root(lab: Lab, node: string, script: string): Promise<string> {
  const { code, stdout, stderr } = await lab.sh(node, ['bash', '-c', script]);
  return code === 0 ? stdout.trim() : `${stdout.trim()} (exit code ${code}: ${stderr.trim()})`;
}

function unless(holds: boolean, fault: string): string[] {
  return holds ? [] : [fault];
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
