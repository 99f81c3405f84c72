import type { Powers } from '../../domain/control-plane.ts';
import { bootstrapNamespace, bootstrapRequester, clientSigner } from '../../domain/kubelet/names.ts';
import type { Kubernetes } from '../connections/kubernetes.ts';
import { failure } from '../failure.ts';
import { verbatim } from '../redact.ts';

interface Attributes {
  group: string;
  resource: string;
  verb: string;
  subresource?: string;
  namespace?: string;
  name?: string;
}

const csrs = { group: 'certificates.k8s.io', resource: 'certificatesigningrequests' };

/** What our own credential is called and may do. The API server answers for it; nothing is created by a review. */
export async function readPowers(api: Kubernetes): Promise<Powers> {
  const [username, mint, file, approve, sign] = await Promise.all([
    readUsername(api),
    mayI(api, {
      group: '',
      resource: 'serviceaccounts',
      subresource: 'token',
      verb: 'create',
      namespace: bootstrapNamespace,
      name: bootstrapRequester.split(':').at(-1) ?? '',
    }),
    mayI(api, { ...csrs, verb: 'create' }),
    mayI(api, { ...csrs, subresource: 'approval', verb: 'update' }),
    mayI(api, { group: csrs.group, resource: 'signers', verb: 'approve', name: clientSigner }),
  ]);
  return { username, mintBootstrapToken: mint, fileRequests: file, approveRequests: approve && sign };
}

async function readUsername(api: Kubernetes): Promise<string> {
  const { status } = await api.review<{ status?: { userInfo?: { username?: string } } }>(
    '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  );
  const username = status?.userInfo?.username ?? '';
  if (username === '') throw failure('ApiUnreachable', 'SelfSubjectReview: the answer names nobody');
  return verbatim(username);
}

async function mayI(api: Kubernetes, resourceAttributes: Attributes): Promise<boolean> {
  const { status } = await api.review<{ status?: { allowed?: boolean } }>(
    '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes },
    },
  );
  return status?.allowed === true;
}
