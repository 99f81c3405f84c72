import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addressOf, apiIntName, MASTERS, type LabSettings } from '../settings.ts';
import { issue, makeServiceAccountKey, makeSigner, type KeyPair, type Request, type Signer } from './pki.ts';

/** The service network; the API's own address in it is the first one. */
export const SERVICE_NETWORK = '172.30.0.0/16';
const SERVICE_ADDRESS = '172.30.0.1';

/** OpenShift's authorities, by its names. */
const SIGNERS = [
  'kube-apiserver-lb-signer',
  'kube-apiserver-localhost-signer',
  'kube-apiserver-service-network-signer',
  'localhost-recovery-serving-signer',
  'admin-kubeconfig-signer',
  'node-system-admin-signer',
  'kubelet-bootstrap-kubeconfig-signer',
  'csr-signer',
  'kube-control-plane-signer',
  'kube-apiserver-to-kubelet-signer',
  'aggregator-signer',
  'etcd-signer',
] as const;

type SignerName = (typeof SIGNERS)[number];

/** Which authorities stand in which bundle. */
const BUNDLES = {
  'kube-apiserver-server-ca': [
    'kube-apiserver-lb-signer',
    'kube-apiserver-localhost-signer',
    'kube-apiserver-service-network-signer',
    'localhost-recovery-serving-signer',
  ],
  'client-ca': [
    'admin-kubeconfig-signer',
    'node-system-admin-signer',
    'kubelet-bootstrap-kubeconfig-signer',
    'csr-signer',
    'kube-control-plane-signer',
    'kube-apiserver-to-kubelet-signer',
  ],
  'kubelet-ca': ['kube-apiserver-to-kubelet-signer', 'admin-kubeconfig-signer'],
} as const satisfies Record<string, readonly SignerName[]>;

export const BOOTSTRAPPER = 'node-bootstrapper';
export const BOOTSTRAPPER_NAMESPACE = 'openshift-machine-config-operator';
export const BOOTSTRAPPER_USER = `system:serviceaccount:${BOOTSTRAPPER_NAMESPACE}:${BOOTSTRAPPER}`;

/** The cluster's certificates and keys by file name: `etcd-signer.crt`, `etcd-signer.key`, `client-ca.crt`. */
export interface ClusterPki {
  read(file: string): string;
}

export function openPki(settings: LabSettings): ClusterPki {
  return { read: (file) => readFileSync(join(pkiDir(settings), file), 'utf8') };
}

/** Makes every authority, certificate and bundle of a new cluster; what is there already stays. */
export async function makePki(settings: LabSettings): Promise<ClusterPki> {
  const dir = pkiDir(settings);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const put = (name: string, content: string) => writeFileSync(join(dir, name), content, { mode: 0o600 });
  const putPair = (name: string, pair: KeyPair) => {
    put(`${name}.crt`, pair.cert);
    put(`${name}.key`, pair.key);
  };
  if (existsSync(join(dir, 'complete'))) return openPki(settings);
  const signers = await makeSigners();
  for (const [name, signer] of signers) putPair(name, signer);
  for (const [name, members] of Object.entries(BUNDLES)) {
    put(`${name}.crt`, members.map((member) => signerOf(signers, member).cert).join(''));
  }
  for (const [name, [signer, request]] of Object.entries(leaves(settings))) {
    putPair(name, await issue(signerOf(signers, signer), request));
  }
  const { publicKey, privateKey } = makeServiceAccountKey();
  put('service-account.pub', publicKey);
  put('service-account.key', privateKey);
  put('complete', '');
  return openPki(settings);
}

async function makeSigners(): Promise<Map<SignerName, Signer>> {
  return new Map(await Promise.all(SIGNERS.map(async (name) => [name, await makeSigner(name)] as const)));
}

function signerOf(signers: ReadonlyMap<SignerName, Signer>, name: SignerName): Signer {
  const signer = signers.get(name);
  if (!signer) throw new Error(`There is no signer ${name}.`);
  return signer;
}

type Leaves = Record<string, [SignerName, Request]>;

function leaves(settings: LabSettings): Leaves {
  const etcd = MASTERS.flatMap((node) => Object.entries(etcdOf(node, addressOf(settings, node))));
  return { ...apiServing(settings), ...clients(), ...Object.fromEntries(etcd) };
}

/**
 * As in OpenShift: each certificate names only what it is for, and the server chooses by the name that the client
 * asks for. One certificate with every name in it would hide every mistake in a server name or an address.
 */
function apiServing(settings: LabSettings): Leaves {
  const service = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ];
  const lb = 'kube-apiserver-lb-signer';
  return {
    'internal-loadbalancer-serving': [lb, server(apiIntName(settings), [], apiIntName(settings))],
    'external-loadbalancer-serving': [lb, server(`api.${settings.domain}`, [], `api.${settings.domain}`)],
    'localhost-serving': ['kube-apiserver-localhost-signer', server('localhost', ['127.0.0.1'], 'localhost')],
    'service-network-serving': [
      'kube-apiserver-service-network-signer',
      server(SERVICE_ADDRESS, [SERVICE_ADDRESS], ...service),
    ],
    'localhost-recovery-serving': [
      'localhost-recovery-serving-signer',
      server('localhost-recovery', [], 'localhost-recovery'),
    ],
  };
}

function clients(): Leaves {
  const account = 'system:serviceaccounts';
  return {
    admin: ['admin-kubeconfig-signer', client('system:admin', 'system:masters')],
    'node-system-admin': ['node-system-admin-signer', client('system:admin', 'system:masters')],
    'node-bootstrapper': [
      'kubelet-bootstrap-kubeconfig-signer',
      client(BOOTSTRAPPER_USER, `${account}:${BOOTSTRAPPER_NAMESPACE}`, account),
    ],
    'kube-controller-manager': ['kube-control-plane-signer', client('system:kube-controller-manager')],
    'kube-scheduler': ['kube-control-plane-signer', client('system:kube-scheduler')],
    'kubelet-client': ['kube-apiserver-to-kubelet-signer', client('system:kube-apiserver', 'kube-master')],
    'aggregator-client': ['aggregator-signer', client('system:openshift-aggregator')],
    'etcd-client': ['etcd-signer', client('etcd', 'system:etcd-clients')],
  };
}

function server(commonName: string, addresses: string[], ...dnsNames: string[]): Request {
  return { commonName, use: ['server'], addresses, dnsNames };
}

function client(commonName: string, ...organizations: string[]): Request {
  return { commonName, organizations, use: ['client'] };
}

function etcdOf(node: string, address: string): Leaves {
  const request = (commonName: string, organization: string): Request => ({
    commonName,
    organizations: [organization],
    use: ['server', 'client'],
    dnsNames: ['localhost', node, 'etcd.openshift-etcd.svc'],
    addresses: [address, '127.0.0.1'],
  });
  return {
    [`etcd-peer-${node}`]: ['etcd-signer', request('system:etcd-peer:etcd-client', 'system:etcd-peers')],
    [`etcd-serving-${node}`]: [
      'etcd-signer',
      request('system:etcd-server:etcd-client', 'system:etcd-servers'),
    ],
  };
}

function pkiDir(settings: LabSettings): string {
  return join(settings.dir, 'pki');
}
