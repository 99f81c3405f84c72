import type { TestContext } from 'node:test';
import type { ClusterConnection } from '../../../activities/connections/cluster.ts';
import type { CsrObject } from '../../../activities/connections/objects.ts';
import { bootstrapRequester } from '../../../domain/kubelet/names.ts';
import { certificateRequest, token } from './certificates.ts';
import { fakeApi, refused, type FakeAnswer, type FakeApi, type FakeCall } from './fake-api.ts';
import { clusterWith } from './fake-node.ts';

/** A cluster's API as far as KubeletAuthRecovery needs it, with state, and a hook to make any call go wrong. */
export interface FakeCluster {
  connection: ClusterConnection;
  api: FakeApi;
  csrs: CsrObject[];
  /** Tokens that it has given out. */
  minted: string[];
  durableToken: string;
  /** Answers instead of the API; `after` runs the call first and then loses its answer. */
  interfere: (call: FakeCall) => FakeAnswer | 'after' | undefined;
  /** Approved requests get their certificate at once. */
  signs: boolean;
}

const csrRoot = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const bootstrapRoot = '/api/v1/namespaces/openshift-machine-config-operator';

export async function fakeCluster(t: TestContext, node = 'master-1'): Promise<FakeCluster> {
  const cluster: FakeCluster = {
    connection: clusterWith(node),
    csrs: [],
    minted: [],
    durableToken: token({ iss: 'kubernetes/serviceaccount', sub: bootstrapRequester }),
    interfere: () => undefined,
    signs: true,
    // Replaced in a moment; the server needs the cluster, and the cluster the server.
    api: { kubeconfig: '', server: '', calls: [], connections: () => 0 },
  };
  cluster.api = await fakeApi(t, (call) => {
    const instead = cluster.interfere(call);
    if (instead !== undefined && instead !== 'after') return instead;
    const answer = route(cluster, call);
    return instead === 'after' ? 'cut' : answer;
  });
  cluster.connection = clusterWith(node, cluster.api.kubeconfig);
  return cluster;
}

function route(cluster: FakeCluster, { method, path, body }: FakeCall): FakeAnswer {
  if (path === `${bootstrapRoot}/serviceaccounts/node-bootstrapper/token` && method === 'POST')
    return mint(cluster);
  if (path === `${bootstrapRoot}/secrets/node-bootstrapper-token`) {
    return { body: { data: { token: Buffer.from(cluster.durableToken).toString('base64') } } };
  }
  if (path === csrRoot) return { body: { items: cluster.csrs } };
  if (path.startsWith(`${csrRoot}/`)) return csrCall(cluster, method, path.slice(csrRoot.length + 1), body);
  return refused(404, `the fake knows no ${path}`);
}

function mint(cluster: FakeCluster): FakeAnswer {
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const made = token({ sub: bootstrapRequester, exp, jti: String(cluster.minted.length) });
  cluster.minted.push(made);
  return {
    status: 201,
    body: { status: { token: made, expirationTimestamp: new Date(exp * 1000).toISOString() } },
  };
}

function csrCall(cluster: FakeCluster, method: string, rest: string, body: unknown): FakeAnswer {
  const [name = '', subresource] = rest.split('/');
  const index = cluster.csrs.findIndex(({ metadata }) => metadata?.name === name);
  const csr = cluster.csrs[index];
  if (!csr) return refused(404, `no request ${name}`);
  if (method === 'GET') return { body: csr };
  const sent = body as CsrObject;
  if (subresource !== 'approval') return refused(405, 'not allowed');
  if (sent.metadata?.resourceVersion !== csr.metadata?.resourceVersion)
    return refused(409, 'the object has been modified');
  const next: CsrObject = {
    ...sent,
    metadata: { ...sent.metadata, resourceVersion: String(Number(csr.metadata?.resourceVersion) + 1) },
    status: { ...sent.status, ...(cluster.signs ? { certificate: 'c2lnbmVk' } : {}) },
  };
  cluster.csrs[index] = next;
  return { body: next };
}

/** A request as the kubelet files it. */
export async function kubeletRequest(
  name: string,
  change: { subject?: string; dnsName?: string; username?: string } = {},
): Promise<CsrObject> {
  return {
    metadata: { name, uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: '2026-11-22T20:30:00Z' },
    spec: {
      request: await certificateRequest(
        change.subject ?? 'O=system:nodes, CN=system:node:master-1',
        change.dnsName,
      ),
      signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
      username: change.username ?? bootstrapRequester,
      groups: ['system:serviceaccounts', 'system:authenticated'],
      usages: ['digital signature', 'client auth'],
    },
    status: {},
  };
}
