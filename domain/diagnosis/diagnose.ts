import type { Observation } from '../control-plane.ts';
import type { EtcdObservation } from '../etcd/observation.ts';
import type { Finding, FindingCode } from '../finding.ts';
import type { Reading } from '../reading.ts';
import { classify } from '../kubelet/classify.ts';
import { apiFindings } from './api.ts';
import { etcdFindings } from './etcd.ts';
import { kubeletFindings } from './kubelet.ts';
import { leftoverFindings, type OpenWork } from './leftovers.ts';
import { signerFindings } from './signer.ts';

/**
 * Everything that is wrong, cause first; empty: nothing that this look can see. What follows from a fault is evidence of it
 * and no finding of its own: a lost certificate is one finding, and not four with its Unknown node and its missing pods.
 * `open`: ids of the recoveries that are open now; what they do on a node is not left behind. `etcd`: a second look, at the
 * members of etcd and their operator, where one was made.
 */
export function diagnose(
  observation: Observation,
  open: Reading<OpenWork>,
  etcd?: EtcdObservation,
): Finding[] {
  const classes = observation.masters.map((master) => classify(master, observation));
  const findings = [
    ...apiFindings(observation),
    ...etcdFindings(observation, etcd),
    ...signerFindings(observation),
    ...kubeletFindings(observation, classes),
    ...leftoverFindings(observation, open),
  ];
  return findings.toSorted((left, right) => rankOf(left) - rankOf(right));
}

/** What others may follow from comes first; within one severity. */
const causesFirst: FindingCode[] = [
  'EtcdMemberAddressChanged',
  'EtcdMemberDataLost',
  'EtcdMemberDataCorrupt',
  'EtcdMemberCertificateBroken',
  'EtcdMemberManifestBroken',
  'EtcdMemberNotRejoined',
  'EtcdMemberUnhealthy',
  'ApiServerUnhealthy',
  'ApiUnreachable',
  'ApiEndpointDown',
  'SignerDown',
  'NodeUnreachable',
  'KubeletStopped',
  'KubeletClientCredentialLost',
  'KubeletAuthenticationFault',
  'NodeNotReady',
  'MachineAddressStale',
  'MirrorPodMissing',
  'AdminCredentialOnNode',
  'OverrideLeaseLeft',
  'RemediatorLeftPaused',
  'TemporaryCredentialLeft',
  'UnfinishedRecoveryOnNode',
  'EtcdDataKept',
];

function rankOf({ severity, code }: Finding): number {
  return ['critical', 'warning', 'info'].indexOf(severity) * causesFirst.length + causesFirst.indexOf(code);
}
