import { sentenceCase } from '../input.ts';
import type { Evidence, KubeletRefusal, Refuse } from '../verdict.ts';

/** `because` without its full stop. */
export function refuse(reason: KubeletRefusal, because: string, evidence: Evidence[]): Refuse {
  return {
    kind: 'refuse',
    reason,
    because: `${sentenceCase(because)}.`,
    evidence,
    handOver: handOverFor(reason),
  };
}

/** What a person should do instead; the page has the details. */
function handOverFor(reason: KubeletRefusal): string {
  return `${handOvers[reason]} See docs/refusals.md#${reason.toLowerCase()}.`;
}

const handOvers: Record<KubeletRefusal, string> = {
  NodeHealthy: 'Nothing to do here; if something is wrong all the same, `cpr diagnose` says what.',
  NotAMaster: 'Name a master; a worker is healed by its machine-approver or replaced.',
  UnknownNode: 'Name one of the masters above, as the Node object spells it, or add it to clusters.yaml.',
  NodeUnreachable: 'Bring ssh to the node back (console, BMC, a jump host), then start again.',
  KubeletStopped: 'Read `systemctl status kubelet` and `journalctl -u kubelet` on the node, and start it.',
  NotAnAuthenticationFault: 'Leave its certificates alone and read `journalctl -u kubelet` on the node.',
  OtherMasterUnhealthy: 'Mend the other master first: touching this one now would risk the control plane.',
  OtherMasterUnknown: 'Find out how the other masters are first: unknown is not healthy.',
  ApiUnreachable:
    'Bring the API back, or the way to it, first: etcd, kube-apiserver, load balancer, in this order.',
  SignerDown:
    'Bring the kube-controller-manager back first: without it no certificate can be issued. If it waits for this very node, `cpr recover --break-glass` proposes to lend the kubelet cluster-admin until it is back.',
  TwoMatchingCsrs:
    'Find out who filed them; deny those that are not the kubelet’s (`oc adm certificate deny`), then start again.',
  PowersMissing:
    'Grant the worker’s account what deploy/rbac/20-kubelet-auth-recovery.yaml lists, then start again; or, if that cannot be had, `cpr recover --break-glass`.',
  ClassNotSupported:
    'Follow the operating procedure for this class; the evidence says why each rung does not fit.',
  BootstrapSecretMissing:
    'Restore the secret openshift-machine-config-operator/node-bootstrapper-token first.',
  EndpointMismatch: 'Find out which API server address is right, and correct the kubeconfig that differs.',
  ManifestChanged:
    'Put each manifest back as the pod that runs was made from it (or stop what must not run), then start again.',
  NoRoomForBackup: 'Free space under /var on the node, then start again.',
  ApprovalsNotConfigured: 'Set `approvals: open` for this cluster in clusters.yaml and restart the worker.',
  EvidenceIncomplete: 'Make what could not be read readable, then start again: unknown means no.',
  NothingLeft: 'Nothing to do here.',
  LeaseForeign:
    'Find out who changed it, and undo by hand what the annotation says: docs/lease.md shows how.',
  RecoveryNeededFirst: 'Run `cpr recover` first; what is left then is cleaned up afterwards.',
  RunStillOpen: 'Wait for that run, or abort it: `cpr status` shows it.',
  SeveralNodesWithLeftovers: 'Name one of them with `--node`; the others follow.',
};
