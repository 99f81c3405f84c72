import type { RunbookName } from './plan.ts';
import type { Evidence } from './verdict.ts';

/** Something that is wrong with the cluster, named. */
export interface Finding {
  code: FindingCode;
  severity: 'critical' | 'warning' | 'info';
  /** The node it concerns, or undefined for the whole cluster. */
  node?: string;
  /** One sentence for a human, with the cause where it is known. */
  sentence: string;
  evidence: Evidence[];
  /** What else it might have been, and what excludes it. */
  ruledOut?: string[];
  /** The runbook that mends it, on this node or, where it concerns none, this cluster; or the page to read. */
  remedy: { runbook: RunbookName; target: string } | { page: string };
}

/** Every finding the diagnosis can make; each has its line in docs/findings.md. */
export const findingCodes = [
  'KubeletClientCredentialLost',
  'KubeletAuthenticationFault',
  'KubeletStopped',
  'NodeNotReady',
  'NodeUnreachable',
  'EtcdMemberAddressChanged',
  'EtcdMemberDataLost',
  'EtcdMemberDataCorrupt',
  'EtcdMemberCertificateBroken',
  'EtcdMemberManifestBroken',
  'EtcdMemberNotRejoined',
  'EtcdMemberUnhealthy',
  'MachineAddressStale',
  'ApiServerUnhealthy',
  'ApiUnreachable',
  'ApiEndpointDown',
  'SignerDown',
  'AdminCredentialOnNode',
  'MirrorPodMissing',
  'UnfinishedRecoveryOnNode',
  'TemporaryCredentialLeft',
  'OverrideLeaseLeft',
  'RemediatorLeftPaused',
  'EtcdDataKept',
] as const;

export type FindingCode = (typeof findingCodes)[number];
