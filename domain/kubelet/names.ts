import type { CsrPredicate } from '../plan.ts';

/** The platform's own names and paths, in one place: a wrong path here is a wrong file replaced on a master. */

export const kubeconfigPath = '/var/lib/kubelet/kubeconfig';
export const clientCertificatePath = '/var/lib/kubelet/pki/kubelet-client-current.pem';
export const bootstrapPath = '/etc/kubernetes/kubeconfig';
const backupRoot = '/var/lib/kubelet-recovery';

export const bootstrapNamespace = 'openshift-machine-config-operator';
export const bootstrapSecretName = 'node-bootstrapper-token';
export const bootstrapRequester = `system:serviceaccount:${bootstrapNamespace}:node-bootstrapper`;

export const clientSigner = 'kubernetes.io/kube-apiserver-client-kubelet';
export const nodesOrganization = 'system:nodes';
/** Key encipherment is optional since Kubernetes 1.22: a kubelet with an elliptic-curve key does not ask for it. */
const clientUsages = ['digital signature', 'client auth', 'key encipherment'];

/** The subject under which a kubelet is itself. */
export function nodeCommonName(node: string): string {
  return `system:node:${node}`;
}

export function backupDirectory(runId: string): string {
  return `${backupRoot}/${runId}`;
}

/** The request that the kubelet of `node` files with the bootstrap credential, and no other. */
export function csrPredicate(node: string): CsrPredicate {
  return {
    requester: bootstrapRequester,
    commonName: nodeCommonName(node),
    organizations: [nodesOrganization],
    usages: clientUsages,
  };
}
