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

/**
 * The only places from which a run takes an admin credential away: where the kubelet keeps its own. Anything else that was
 * found, and a certificate that could not be read, is a person's to judge.
 */
export function withdrawable(path: string): boolean {
  return (
    path === kubeconfigPath ||
    path === bootstrapPath ||
    // What an install that was killed had half-written beside them.
    /^\/(var\/lib\/kubelet|etc\/kubernetes)\/kubeconfig\.cpr-[A-Za-z0-9.-]+$/.test(path) ||
    /^\/var\/lib\/kubelet\/pki\/kubelet-client-[\w-]+\.pem$/.test(path)
  );
}

/** The subject under which a kubelet is itself. */
export function nodeCommonName(node: string): string {
  return `system:node:${node}`;
}

export function backupDirectory(runId: string): string {
  return `${backupRoot}/${runId}`;
}

/** Of the request that a run files for a node itself: the same for every attempt, so that a lost answer is found again. */
export function ownRequestName(runId: string, node: string): string {
  return `kar-${runId}-${node}`.toLowerCase();
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
