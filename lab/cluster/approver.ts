import 'reflect-metadata';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { MASTERS } from '../settings.ts';
import type { Api } from './api.ts';
import { BOOTSTRAPPER_USER } from './certificates.ts';

export const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
export const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';
export const SERVING_SIGNER = 'kubernetes.io/kubelet-serving';

/** A certificate signing request, with its subject read out of the request itself. */
export interface Csr {
  name: string;
  uid: string;
  createdAt: string;
  signerName: string;
  requester: string;
  /** `master-1` when the subject is exactly a node's; undefined otherwise. */
  node: string | undefined;
  pending: boolean;
  issued: boolean;
  object: CsrObject;
}

interface CsrObject {
  metadata: { name: string; uid: string; creationTimestamp: string };
  spec: { signerName: string; username: string; request: string };
  status?: { conditions?: Condition[]; certificate?: string };
}

interface Condition {
  type: string;
  status: string;
  reason: string;
  message: string;
}

/** Every request in the cluster, newest first. */
export async function listCsrs(api: Api): Promise<Csr[]> {
  const { items } = await api.get<{ items: CsrObject[] }>(CSRS);
  return items
    .map(readCsr)
    .toSorted((a, b) => b.createdAt.localeCompare(a.createdAt) || b.name.localeCompare(a.name));
}

/** What is approved: serving certificates always, client certificates only where the caller says so. */
export interface ApprovalScope {
  /** Nodes whose client certificate may be approved: all of them while installing, one while healing by force. */
  clientsOf: readonly string[];
}

/**
 * Stands in for OpenShift's machine-approver, for one look at what is pending. A serving certificate for a known
 * master that asks for itself is approved, as there. A client certificate is approved only for the nodes named by
 * the caller: machine-approver never lets an existing node bootstrap again, and that a person must do it is the
 * very situation the lab is for.
 */
export async function approvePending(api: Api, scope: ApprovalScope): Promise<string[]> {
  const approved: string[] = [];
  const seen = new Set<string>();
  for (const csr of await listCsrs(api)) {
    // The kubelet waits for its newest request; an older one would be issued and useless.
    const kind = `${csr.signerName} ${csr.node}`;
    const newest = !seen.has(kind);
    seen.add(kind);
    if (!newest || !csr.pending || !mayApprove(csr, scope)) continue;
    await approve(api, csr);
    approved.push(csr.name);
  }
  return approved;
}

/** Approves one request by name of its object, whatever it asks for. */
export async function approve(api: Api, { object }: Csr): Promise<void> {
  const condition: Condition = {
    type: 'Approved',
    status: 'True',
    reason: 'LabApprove',
    message: 'The lab stands in for the approver.',
  };
  const conditions = [...(object.status?.conditions ?? []), condition];
  const path = `${CSRS}/${object.metadata.name}/approval`;
  await api.send('PUT', path, { ...object, status: { ...object.status, conditions } });
}

function mayApprove(csr: Csr, { clientsOf }: ApprovalScope): boolean {
  const { node } = csr;
  if (node === undefined || !(MASTERS as readonly string[]).includes(node)) return false;
  if (csr.signerName === SERVING_SIGNER) return csr.requester === `system:node:${node}`;
  return csr.signerName === CLIENT_SIGNER && csr.requester === BOOTSTRAPPER_USER && clientsOf.includes(node);
}

function readCsr(object: CsrObject): Csr {
  const conditions = object.status?.conditions ?? [];
  return {
    name: object.metadata.name,
    uid: object.metadata.uid,
    createdAt: object.metadata.creationTimestamp,
    signerName: object.spec.signerName,
    requester: object.spec.username,
    node: nodeOf(object.spec.request),
    pending: conditions.length === 0,
    issued: Boolean(object.status?.certificate),
    object,
  };
}

function nodeOf(request: string): string | undefined {
  try {
    const pem = Buffer.from(request, 'base64').toString('utf8');
    const { subjectName } = new Pkcs10CertificateRequest(pem);
    const [organization, ...otherOrganizations] = subjectName.getField('O');
    const [commonName, ...otherNames] = subjectName.getField('CN');
    if (organization !== 'system:nodes' || otherOrganizations.length + otherNames.length > 0)
      return undefined;
    return /^system:node:([a-z0-9.-]+)$/.exec(commonName ?? '')?.[1];
  } catch {
    return undefined;
  }
}
