import { bootstrapNamespace } from '../../domain/kubelet/names.ts';
import type { JsonPatch } from '../../domain/lease-rules.ts';
import type { Kubernetes } from './kubernetes.ts';
import type { Condition, CsrObject } from './objects.ts';
import { csrPath } from './reads.ts';

/** Every change that the runbooks make through the API; deploy/rbac/README.md lists them one by one. */

export interface TokenReply {
  status?: { token?: string; expirationTimestamp?: string };
}

/** A new token of node-bootstrapper. It cannot be read back: when the answer is lost, another one is asked for. */
export function createBootstrapToken(api: Kubernetes, expirationSeconds: number): Promise<TokenReply> {
  return api.post(`/api/v1/namespaces/${bootstrapNamespace}/serviceaccounts/node-bootstrapper/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds },
  });
}

/** A request of our own. `isConflict` where there is one of that name. */
export function createCsr(
  api: Kubernetes,
  name: string,
  spec: { request: string; signerName: string; usages: string[] },
): Promise<CsrObject> {
  return api.post(csrPath, {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec,
  });
}

/** All of the patch or nothing: its tests are the precondition. Answers `isConflict` where one of them fails. */
export function patchObject(api: Kubernetes, path: string, patch: JsonPatch): Promise<unknown> {
  return api.patch(path, patch);
}

/** Exactly this object in exactly this state: another answers `isConflict`. */
export function deleteObject(
  api: Kubernetes,
  path: string,
  preconditions: { uid: string; resourceVersion: string },
): Promise<unknown> {
  return api.delete(path, { apiVersion: 'v1', kind: 'DeleteOptions', preconditions });
}

/** Sends back the request as it was read, with one condition more; its resourceVersion is the precondition. */
export function putApproval(api: Kubernetes, csr: CsrObject, approval: Condition): Promise<CsrObject> {
  const conditions = [...(csr.status?.conditions ?? []), approval];
  return api.put(`${csrPath}/${encodeURIComponent(csr.metadata?.name ?? '')}/approval`, {
    ...csr,
    status: { ...csr.status, conditions },
  });
}
