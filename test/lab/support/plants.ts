import { kubeconfig } from '../../../lab/cluster/kubeconfigs.ts';
import { BOOTSTRAP_KUBECONFIG } from '../../../lab/cluster/paths.ts';
import { untilHealthy } from '../../../lab/faults/node-health.ts';
import { apiIntName } from '../../../lab/settings.ts';
import type { Lab } from '../../../lab/lab.ts';
import { nodeNow } from './times.ts';

const BOOTSTRAPPER = ['-n', 'openshift-machine-config-operator'];

/** Something bad that was put on a node, and is taken away again. */
export interface Plant extends AsyncDisposable {
  path: string;
}

/** The cluster administrator's certificate and key, as a pem of the kubelet's or inside a kubeconfig. */
export async function plantAdminCertificate(
  lab: Lab,
  node: string,
  directory: string,
  form: 'pem' | 'kubeconfig' = 'pem',
): Promise<Plant> {
  const [cert, key] = [lab.pki.read('admin.crt'), lab.pki.read('admin.key')];
  const admin = () => kubeconfig({ ...endpoint(lab), user: 'system:admin', credential: { cert, key } });
  const name = form === 'pem' ? 'kubelet-client-2020-01-01-00-00-00.pem' : 'kubeconfig';
  const path = `${directory}/${name}`;
  await write(lab, node, path, form === 'pem' ? `${cert}${key}` : admin());
  return {
    path,
    [Symbol.asyncDispose]: () => shell(lab, node, 'rm -f "$1"; rmdir "$2" 2>/dev/null || :', path, directory),
  };
}

/** A bootstrap file with a token of one hour, as if the graduation had been forgotten. */
export async function plantTemporaryToken(lab: Lab, node: string): Promise<Plant> {
  const aside = '/run/bootstrap-of-the-test';
  const token = await lab.kubectl(['create', 'token', 'node-bootstrapper', ...BOOTSTRAPPER, '--duration=1h']);
  await shell(lab, node, 'cp -p "$1" "$2"', BOOTSTRAP_KUBECONFIG, aside);
  await writeBootstrap(lab, node, token.trim());
  return {
    path: BOOTSTRAP_KUBECONFIG,
    [Symbol.asyncDispose]: () => shell(lab, node, 'mv "$2" "$1"', BOOTSTRAP_KUBECONFIG, aside),
  };
}

/** The bootstrap file that a graduated node has: made from the secret whose token does not expire. */
export async function makeDurable(lab: Lab, node: string): Promise<void> {
  const jsonpath = ['-o', 'jsonpath={.data.token}'];
  const token = await lab.kubectl(['get', 'secret', 'node-bootstrapper-token', ...BOOTSTRAPPER, ...jsonpath]);
  await writeBootstrap(lab, node, Buffer.from(token, 'base64').toString('utf8'));
}

interface PodObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace: string; annotations: Record<string, string>; [key: string]: unknown };
  spec: object;
}

/** While the kubelet is silent, one of its mirror pods is replaced by one that was made from another manifest. */
export async function withStaleMirrorPod(
  lab: Lab,
  node: string,
  work: (stale: { pod: string; silentSince: number }) => Promise<void>,
): Promise<void> {
  const [namespace, name] = ['openshift-kube-scheduler', `openshift-kube-scheduler-${node}`];
  const began = new Date();
  await shell(lab, node, 'kill -STOP "$(systemctl show kubelet -p MainPID --value)"');
  try {
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    const { apiVersion, kind, metadata, spec } = await lab.api.get<PodObject>(`${pods}/${name}`);
    const { labels, annotations, ownerReferences } = metadata;
    const mirror = { ...annotations, 'kubernetes.io/config.mirror': 'f'.repeat(32) };
    await lab.api.send('DELETE', `${pods}/${name}?gracePeriodSeconds=0`);
    const stale = { name, namespace, labels, ownerReferences, annotations: mirror };
    await lab.api.send('POST', pods, { apiVersion, kind, metadata: stale, spec });
    // Times of the API server have no fractions of a second.
    await work({ pod: `${namespace}/${name}`, silentSince: Math.ceil(nodeNow()) });
  } finally {
    await shell(lab, node, 'kill -CONT "$(systemctl show kubelet -p MainPID --value)"');
    await untilHealthy(lab, node, began);
  }
}

function endpoint(lab: Lab): { server: string; ca: string } {
  return {
    server: `https://${apiIntName(lab.settings)}:6443`,
    ca: lab.pki.read('kube-apiserver-server-ca.crt'),
  };
}

async function writeBootstrap(lab: Lab, node: string, token: string): Promise<void> {
  const content = kubeconfig({ ...endpoint(lab), user: 'kubelet', credential: { token } });
  await write(lab, node, BOOTSTRAP_KUBECONFIG, content);
}

async function write(lab: Lab, node: string, path: string, content: string): Promise<void> {
  const script = 'umask 077; mkdir -p "$(dirname "$1")"; cat >"$1.new"; mv "$1.new" "$1"';
  const { code, stderr } = await lab.sh(node, ['sh', '-c', script, 'sh', path], { input: content });
  if (code !== 0) throw new Error(`${node}: cannot write ${path}: ${stderr}`);
}

async function shell(lab: Lab, node: string, script: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await lab.sh(node, ['sh', '-c', script, 'sh', ...args]);
  if (code !== 0) throw new Error(`${node}: ${script}: ${stderr}`);
}
