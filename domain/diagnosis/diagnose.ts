import type { Observation } from '../control-plane.ts';
import type { Finding, FindingCode } from '../finding.ts';
import { classify } from '../kubelet/classify.ts';
import { apiFindings } from './api.ts';
import { etcdFindings } from './etcd.ts';
import { kubeletFindings } from './kubelet.ts';
import { signerFindings } from './signer.ts';

/**
 * Everything that is wrong, cause first; empty: nothing that this look can see. What follows from a fault is evidence of it
 * and no finding of its own: a lost certificate is one finding, and not four with its Unknown node and its missing pods.
 */
export function diagnose(observation: Observation): Finding[] {
  const classes = observation.masters.map((master) => classify(master, observation));
  const findings = [
    ...apiFindings(observation),
    ...etcdFindings(observation),
    ...signerFindings(observation),
    ...kubeletFindings(observation, classes),
  ];
  return findings.toSorted((left, right) => rankOf(left) - rankOf(right));
}

/** What others may follow from comes first; within one severity. */
const causesFirst: FindingCode[] = [
  'EtcdMemberUnhealthy',
  'ApiServerUnhealthy',
  'ApiUnreachable',
  'SignerDown',
  'NodeUnreachable',
  'KubeletStopped',
  'KubeletClientCredentialLost',
  'KubeletAuthenticationFault',
  'NodeNotReady',
  'MirrorPodMissing',
  'AdminCredentialOnNode',
];

function rankOf({ severity, code }: Finding): number {
  return ['critical', 'warning', 'info'].indexOf(severity) * causesFirst.length + causesFirst.indexOf(code);
}
