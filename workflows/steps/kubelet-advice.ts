import type { KubeletPlan } from '../../domain/plan.ts';

/** What is done about a step of KubeletAuthRecovery that failed. */

/**
 * Repeating only the failed step is right but for these: what they wait for can only come from another restart. All of
 * them go back to the credential, which may have run out while the step was blocked; a good one is kept.
 */
export function retryFrom({ steps }: KubeletPlan, stepId: string, errorType: string): string | undefined {
  const renews: Record<string, string[] | undefined> = {
    'approve-csr': ['TwoMatchingCsrs', 'CsrDenied', 'CsrNotYetThere'],
    verify: ['IdentityMissing'],
  };
  if (stepId !== 'restart' && !renews[stepId]?.includes(errorType)) return undefined;
  // Without a credential of ours there is none to renew; and R0 has nothing to restart.
  return ['bootstrap', 'restart'].find((id) => steps.some((step) => step.id === id));
}

/** What a person should know before deciding about a step that failed so. */
export function advice(plan: KubeletPlan, stepId: string, errorType: string): string {
  if (stepId === 'approve-csr' && errorType === 'TwoMatchingCsrs') {
    return 'Two candidates mean no. Find out who filed the other request. A retry notes all requests that are there now, restarts the kubelet once more, and approves the one that comes then.';
  }
  if (stepId === 'approve-csr' && errorType === 'CsrDenied') {
    return 'Somebody denied the request: ask who. A retry restarts the kubelet once more, so that it files another.';
  }
  if (stepId === 'approve-csr' && errorType === 'CsrNotYetThere') {
    return `See why the kubelet on ${plan.target} files no request (journalctl -u kubelet). A retry goes back to the bootstrap credential, renews it where it has run out, and restarts the kubelet once more.`;
  }
  if (stepId === 'restart') {
    return 'Mend what the error names, then retry: the run renews the bootstrap credential where it has run out, notes all requests that are there now, and restarts the kubelet once more.';
  }
  if (stepId === 'verify' && errorType === 'IdentityMissing') {
    return `The kubelet on ${plan.target} took up no certificate. See why (journalctl -u kubelet). A retry goes back to the bootstrap credential, renews it where it has run out, and restarts the kubelet once more.`;
  }
  return 'Mend what the error names, then retry: the step looks first and does only what is still missing.';
}
