import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupDriver, hierarchies } from '../node/cgroups.ts';
import { currentAddress } from '../node/address.ts';
import type { NodeFile } from '../node/files.ts';
import { sshNodeFiles } from '../node/ssh.ts';
import { apiIntName, INFRA, MASTERS, NODES, type LabSettings, type Platform } from '../settings.ts';
import { auditPolicy } from './audit.ts';
import type { ClusterPki } from './certificates.ts';
import { endpointFiles } from './endpoint.ts';
import { IMAGES_UNIT, kubeletConfig, kubeletUnit } from './kubelet.ts';
import { kubeconfig } from './kubeconfigs.ts';
import { AUDIT_POLICY, SERVING_CERTIFICATES } from './manifests-api.ts';
import { ETCD_SCRIPTS } from './manifests-etcd.ts';
import { staticPods } from './manifests.ts';
import * as paths from './paths.ts';
import type { ControlPlaneImages } from './pod.ts';

const SERVER_CA = 'kube-apiserver-server-ca.crt';
const WANTS = 'etc/systemd/system/multi-user.target.wants';

/** Everything that a node of the lab has on its disk before it boots for the first time. */
export function filesOf(
  settings: LabSettings,
  pki: ClusterPki,
  images: ControlPlaneImages,
  node: string,
  platform: Platform = 'none',
): NodeFile[] {
  const common = [...sshNodeFiles(settings, node), { path: 'etc/hosts', content: hosts(settings) }];
  const own = node === INFRA ? endpointFiles(settings) : masterFiles(settings, pki, images, node, platform);
  return [...common, ...own];
}

/** What makes a node a master: kubelet, manifests, and everything that these name. */
export function masterFiles(
  settings: LabSettings,
  pki: ClusterPki,
  images: ControlPlaneImages,
  node: string,
  platform: Platform = 'none',
): NodeFile[] {
  const manifests = Object.entries(staticPods({ settings, images, platform }, node));
  return [
    ...secretFiles(settings, pki),
    ...kubeletFiles(pki, node),
    ...manifests.map(([file, content]) => secret(`${paths.MANIFESTS}/${file}`, content)),
    ...convenience(node),
  ];
}

/** `/etc/hosts` of every node, of the addresses as they are now. */
export function hosts(settings: LabSettings): string {
  const names = NODES.map((node) => {
    const endpoint = node === INFRA ? ` ${apiIntName(settings)} api.${settings.domain}` : '';
    return `${currentAddress(settings, node)} ${node}${endpoint}\n`;
  });
  return `127.0.0.1 localhost\n${names.join('')}`;
}

/** OpenShift's static-pod-resources: what the pods mount, under the names of the secrets it comes from. */
function secretFiles(settings: LabSettings, pki: ClusterPki): NodeFile[] {
  const pair = (dir: string, name: string) => [
    secret(`${dir}/tls.crt`, pki.read(`${name}.crt`)),
    secret(`${dir}/tls.key`, pki.read(`${name}.key`)),
  ];
  const bundle = (dir: string, name: string) => secret(`${dir}/ca-bundle.crt`, pki.read(`${name}.crt`));
  const { API_CERTS, API_POD, KCM_CERTS, KCM_POD } = paths;
  const tokens = `${API_POD}/secrets/bound-service-account-signing-key`;
  const signingKey = pki.read('service-account.key');
  return [
    ...SERVING_CERTIFICATES.flatMap((name) => pair(`${API_CERTS}/secrets/${name}-certkey`, name)),
    ...pair(`${API_CERTS}/secrets/aggregator-client`, 'aggregator-client'),
    bundle(`${API_CERTS}/configmaps/client-ca`, 'client-ca'),
    bundle(`${API_CERTS}/configmaps/aggregator-client-ca`, 'aggregator-signer'),
    ...pair(`${API_POD}/secrets/etcd-client`, 'etcd-client'),
    ...pair(`${API_POD}/secrets/kubelet-client`, 'kubelet-client'),
    secret(`${tokens}/service-account.key`, signingKey),
    secret(`${tokens}/service-account.pub`, pki.read('service-account.pub')),
    bundle(`${API_POD}/configmaps/etcd-serving-ca`, 'etcd-signer'),
    bundle(`${API_POD}/configmaps/kubelet-serving-ca`, 'csr-signer'),
    secret(AUDIT_POLICY, auditPolicy()),
    ...pair(`${KCM_CERTS}/secrets/csr-signer`, 'csr-signer'),
    secret(`${KCM_POD}/secrets/service-account-private-key/service-account.key`, signingKey),
    bundle(`${KCM_POD}/configmaps/serviceaccount-ca`, 'kube-apiserver-server-ca'),
    ...etcdFiles(pki),
    ...kubeconfigFiles(settings, pki),
    secret(paths.ETCD_BOOTSTRAP_MARK, ''),
    { path: relative(paths.AUDIT_DIR), directory: true, mode: 0o700 },
  ];
}

function etcdFiles(pki: ClusterPki): NodeFile[] {
  const ca = `${paths.ETCD_CERTS}/configmaps/etcd-all-bundles/server-ca-bundle.crt`;
  const names = MASTERS.flatMap((master) => [`etcd-peer-${master}`, `etcd-serving-${master}`]);
  return [
    secret(ca, pki.read('etcd-signer.crt')),
    secret(`${ETCD_SCRIPTS}/etcd-start.sh`, readFileSync(join(import.meta.dirname, 'etcd-start.sh'), 'utf8')),
    ...names
      .flatMap((name) => [`${name}.crt`, `${name}.key`])
      .map((file) => secret(`${paths.ETCD_CERTS}/secrets/etcd-all-certs/${file}`, pki.read(file))),
  ];
}

function kubeconfigFiles(settings: LabSettings, pki: ClusterPki): NodeFile[] {
  const internal = `https://${apiIntName(settings)}:6443`;
  const make = (user: string, certificate: string, server: string, tlsServerName?: string) =>
    kubeconfig({
      server,
      user,
      ca: pki.read(SERVER_CA),
      credential: { cert: pki.read(`${certificate}.crt`), key: pki.read(`${certificate}.key`) },
      ...(tlsServerName === undefined ? {} : { tlsServerName }),
    });
  const admin = (server: string, name?: string) => make('system:admin', 'node-system-admin', server, name);
  const component = (name: string) => make(`system:${name}`, name, internal);
  return [
    secret(`${paths.NODE_KUBECONFIGS}/localhost.kubeconfig`, admin('https://localhost:6443')),
    secret(
      `${paths.NODE_KUBECONFIGS}/localhost-recovery.kubeconfig`,
      admin('https://localhost:6443', 'localhost-recovery'),
    ),
    secret(`${paths.NODE_KUBECONFIGS}/lb-int.kubeconfig`, admin(internal)),
    secret(`${paths.NODE_KUBECONFIGS}/lb-ext.kubeconfig`, admin(`https://api.${settings.domain}:6443`)),
    secret(
      `${paths.KCM_POD}/configmaps/kube-controller-manager-kubeconfig/kubeconfig`,
      component('kube-controller-manager'),
    ),
    secret(
      `${paths.SCHEDULER_POD}/configmaps/kube-scheduler-kubeconfig/kubeconfig`,
      component('kube-scheduler'),
    ),
    secret(paths.BOOTSTRAP_KUBECONFIG, make('kubelet', 'node-bootstrapper', internal)),
  ];
}

function kubeletFiles(pki: ClusterPki, node: string): NodeFile[] {
  const driver = cgroupDriver(hierarchies());
  return [
    secret('/etc/kubernetes/kubelet-ca.crt', pki.read('kubelet-ca.crt')),
    { path: 'etc/kubernetes/kubelet.conf', content: kubeletConfig(driver) },
    {
      path: 'etc/cni/net.d/10-lab.conflist',
      content: podNetwork(MASTERS.findIndex((name) => name === node)),
    },
    { path: 'etc/systemd/system/lab-images.service', content: IMAGES_UNIT },
    { path: 'etc/systemd/system/kubelet.service', content: kubeletUnit(node) },
    { path: `${WANTS}/kubelet.service`, link: '../kubelet.service' },
  ];
}

/** A /24 of the pod network per master. A node without any is never Ready. */
function podNetwork(index: number): string {
  const ranges = [[{ subnet: `10.128.${index}.0/24` }]];
  return JSON.stringify({
    cniVersion: '1.0.0',
    name: 'lab',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        ipMasq: false,
        hairpinMode: true,
        ipam: { type: 'host-local', ranges, routes: [{ dst: '0.0.0.0/0' }] },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  });
}

/** Root's shell on a master has kubectl and etcdctl ready to use. */
function convenience(node: string): NodeFile[] {
  const certs = `${paths.ETCD_CERTS}/secrets/etcd-all-certs/etcd-peer-${node}`;
  const ca = `${paths.ETCD_CERTS}/configmaps/etcd-all-bundles/server-ca-bundle.crt`;
  const lines = [
    `export KUBECONFIG=${paths.NODE_KUBECONFIGS}/localhost.kubeconfig`,
    `export ETCDCTL_API=3 ETCDCTL_CACERT=${ca} ETCDCTL_CERT=${certs}.crt ETCDCTL_KEY=${certs}.key`,
  ];
  return [
    { path: 'root', directory: true, mode: 0o700 },
    { path: 'root/.bashrc', content: `${lines.join('\n')}\n` },
  ];
}

function secret(path: string, content: string): NodeFile {
  return { path: relative(path), content, mode: 0o600 };
}

function relative(path: string): string {
  return path.replace(/^\//, '');
}
