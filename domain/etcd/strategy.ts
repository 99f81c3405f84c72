import { certificateFaults } from './certificates.ts';
import type { Fault } from './classify.ts';
import { hostsOf } from './addresses.ts';
import { valueOf } from '../reading.ts';
import type { OperatorKind } from './operator-kind.ts';
import type { EtcdPolicy } from './policy.ts';
import type { RollOut } from './roll-out.ts';
import type { Standing } from './standing.ts';

/**
 * `replace`: the member goes and a new one comes in its place. `in-place`: it keeps its identity and its data and is told its
 * new address. `rewrite`: it keeps both, and only its files are written anew.
 */
export type Strategy = 'replace' | 'in-place' | 'rewrite';

export function strategyFor(fault: Fault, policy: EtcdPolicy): Strategy {
  if (fault.cause === 'certificate' || fault.cause === 'manifest') return 'rewrite';
  const isUpdatable = fault.cause === 'address-changed' && fault.member !== undefined;
  return isUpdatable && policy.inPlace ? 'in-place' : 'replace';
}

/** How stale certificates become fresh ones. */
export interface CertificateCure {
  /**
   * `none`: they are fresh. `operator`: it renews them as soon as the override is on. `drop-from-all-certs`: one key is taken
   * out of `etcd-all-certs`, which makes the signer run even in mid-roll-out. `delete-secrets`: those secrets are deleted, and
   * the operator makes them anew; in mid-roll-out that does nothing.
   */
  cure: 'none' | 'operator' | 'drop-from-all-certs' | 'delete-secrets';
  /** The secrets whose certificate does not serve. */
  secrets: string[];
}

export function certificateCure(
  { master }: Standing,
  at: string,
  { kind, rollOut }: { kind: OperatorKind; rollOut: RollOut },
): CertificateCure {
  const faults = certificateFaults(master, at);
  const secrets = [...new Set(faults.map(({ name }) => name))];
  if (faults.length === 0) return { cure: 'none', secrets };
  if (kind === 'all-gated') return { cure: 'operator', secrets };
  const deletable = faults.some(({ where, kind: fault }) => where === 'secret' && fault !== 'missing');
  const isSettled = rollOut.state === 'settled';
  return { cure: isSettled && deletable ? 'delete-secrets' : 'drop-from-all-certs', secrets };
}

/**
 * Does a new revision have to be made and let through the gate? Data that is lost at the same address needs none: the pod
 * waits, and is added. A roll-out in progress passes the gate by itself, and after a change of address brings what is needed;
 * files that are bad on the node it does not write again.
 */
export function needsOverride({ cause }: Fault, rollOut: RollOut): boolean {
  if (cause === 'data-lost' || cause === 'data-corrupt') return false;
  return rollOut.state === 'settled' || cause !== 'address-changed';
}

/** A member whose files are sound is not touched. After a change of address the pod itself moves the old data aside. */
export function needsQuarantine(fault: Fault, { master }: Standing): boolean {
  if (fault.cause === 'data-corrupt') return true;
  return fault.cause === 'not-rejoined' && (valueOf(master.host)?.data.faults.length ?? 0) > 0;
}

/** The peer URL that has to be written; undefined: it stands there already. */
export function needsUpdate({ member, address }: Fault): boolean {
  return member !== undefined && address !== undefined && !hostsOf(member.peerUrls).includes(address.to);
}
