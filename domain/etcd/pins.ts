import type { FaultKind } from './classify.ts';
import type { RemediatorPin } from './platform.ts';
import type { OperatorKind } from './operator-kind.ts';
import type { CertificateCure, Strategy } from './strategy.ts';

/**
 * The facts to which the steps of EtcdRecovery are pinned. Nothing volatile, and nothing by name: once the operator has
 * added the node again, the healthy new member has the name of the one that was to be removed.
 */
export interface EtcdPins {
  /** Names the directories on the masters. */
  runId: string;
  /** Name and SHA-256 of every script that may run as root on a node. */
  scripts: Record<string, string>;
  /** Hexadecimal, like every id here. */
  clusterId: string;
  cause: FaultKind;
  strategy: Strategy;
  operator: OperatorKind;
  target: {
    node: string;
    nodeUid: string;
    /** InternalIPs of the Node: where the healthy member will be. */
    addresses: string[];
    /** Absent: it is not listed any more, and there is nothing to remove. */
    member?: { id: string; peerUrls: string[] };
    /** With `in-place`: what its peer URL becomes. */
    newPeerUrl?: string;
  };
  /** Through whom the snapshot is taken and the membership is changed. Never the target. */
  executor: MemberPin;
  /** Everybody who has to agree, the executor too. */
  survivors: MemberPin[];
  certificates: CertificateCure;
  /** The form of `spec.unsupportedConfigOverrides`: what it holds is none of ours, and the lease puts it back as it was. */
  overrides: 'absent' | 'empty' | 'other keys';
  /** Those that are paused meanwhile; the ones that somebody else has paused are left alone. */
  remediators: RemediatorPin[];
  /** The public key to which the copy of the snapshot is encrypted. */
  recipient: string;
}

export interface MemberPin {
  node: string;
  memberId: string;
  peerUrls: string[];
}
