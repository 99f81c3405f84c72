import { bootstrapNamespace, bootstrapSecretName, clientSigner } from '../../domain/kubelet/names.ts';
import { failure } from '../failure.ts';
import type { Kubernetes } from './kubernetes.ts';
import { isNotFound, isObjectGone } from './kubernetes-errors.ts';
import type { CsrObject, LeaseObject, NodeObject, ObjectList, PodObject, SecretObject } from './objects.ts';

/** Every read that the runbooks make; deploy/rbac/README.md lists them one by one. */

export const csrPath = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const PAGE = 500;
/** A kubelet files about four requests an hour; ten times the machine-approver's own limit is somebody's attack. */
const MAX_CSRS = 5000;

export function readVersion(api: Kubernetes): Promise<{ gitVersion?: string }> {
  return api.get('/version');
}

export function readNode(api: Kubernetes, name: string): Promise<NodeObject> {
  return api.get(`/api/v1/nodes/${encodeURIComponent(name)}`);
}

/** Undefined when there is none. */
export async function readLease(
  api: Kubernetes,
  namespace: string,
  name: string,
): Promise<LeaseObject | undefined> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${encodeURIComponent(name)}`;
  return orUndefined(api.get<LeaseObject>(path));
}

export async function listPodsOn(api: Kubernetes, node: string): Promise<PodObject[]> {
  return listAll(api, '/api/v1/pods', { fieldSelector: `spec.nodeName=${node}` }, 10_000);
}

export async function listClientCsrs(api: Kubernetes): Promise<CsrObject[]> {
  return listAll(api, csrPath, { fieldSelector: `spec.signerName=${clientSigner}` }, MAX_CSRS);
}

export function readCsr(api: Kubernetes, name: string): Promise<CsrObject | undefined> {
  return orUndefined(api.get<CsrObject>(`${csrPath}/${encodeURIComponent(name)}`));
}

/** Undefined when there is none. Holds a token: nothing of it may leave the activity that reads it. */
export function readBootstrapSecret(api: Kubernetes): Promise<SecretObject | undefined> {
  return orUndefined(
    api.get<SecretObject>(`/api/v1/namespaces/${bootstrapNamespace}/secrets/${bootstrapSecretName}`),
  );
}

/** Names of the API groups that this cluster has: `config.openshift.io`. */
export async function readApiGroups(api: Kubernetes): Promise<string[]> {
  const { groups = [] } = await api.get<{ groups?: { name?: string }[] }>('/apis');
  return groups.map(({ name = '' }) => name);
}

/** An object that a lease may change, as it stands. Throws `PreconditionFailed` when there is none. */
export async function readLeaseObject(api: Kubernetes, path: string): Promise<unknown> {
  const object = await readUnlessGone(api, path);
  if (object === undefined) throw noSuchObject(path);
  return object;
}

/**
 * The same; undefined when it was surely deleted. Where its kind is not known either it throws all the same: that may be the
 * wrong server, or one that has not come up wholly.
 */
export async function readUnlessGone(api: Kubernetes, path: string): Promise<unknown> {
  return api.get<unknown>(path).catch((error: unknown) => {
    if (isObjectGone(error)) return undefined;
    throw isNotFound(error) ? noSuchObject(path) : error;
  });
}

function noSuchObject(path: string): Error {
  return failure('PreconditionFailed', `GET ${path}: there is no such object`);
}

/** All pages or an error: a list cut short would make what is on its last page look absent. */
export async function listAll<T>(
  api: Kubernetes,
  path: string,
  query: Record<string, string>,
  most: number,
): Promise<T[]> {
  const all: T[] = [];
  let next = '';
  do {
    const page = await api.get<ObjectList<T>>(path, {
      ...query,
      limit: String(PAGE),
      ...(next === '' ? {} : { continue: next }),
    });
    all.push(...(page.items ?? []));
    if (all.length > most) throw failure('ApiUnreachable', `GET ${path}: more than ${most} objects`);
    next = page.metadata?.continue ?? '';
  } while (next !== '');
  return all;
}

export async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
}
