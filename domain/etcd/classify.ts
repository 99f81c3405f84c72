import { sentenceCase } from '../input.ts';
import { valueOf } from '../reading.ts';
import { hostsOf, successorOf } from './addresses.ts';
import { specMismatches } from './mismatch.ts';
import type { EtcdMember, EtcdObservation } from './observation.ts';
import {
  addressSignals,
  certificateSignals,
  dataCorruptSignals,
  dataLostSignals,
  etcdSignals,
  hasFailed,
  hostSignals,
  isCrashLooping,
  manifestSignals,
  podSignals,
  type Signal,
} from './signals.ts';
import type { Standing } from './standing.ts';
import type { Survey } from './survey.ts';

/**
 * Why a member is bad for good.
 * `address-changed`: its node has another address · `data-lost`, `data-corrupt`: its data, at the same address ·
 * `certificate`, `manifest`: its process fails on these, its data is sound · `not-rejoined`: it was removed at this address,
 * and nobody has added it again.
 */
export type FaultKind =
  | 'address-changed'
  | 'data-lost'
  | 'data-corrupt'
  | 'certificate'
  | 'manifest'
  | 'not-rejoined';

/**
 * `transient`: nothing says that it will not come back by itself. `host`: its node's disk. `unexplained`: it will not come
 * back, and there is no one explanation. `unseen`: only a look at the node could tell.
 */
export type Cause = FaultKind | 'transient' | 'host' | 'unexplained' | 'unseen';

export interface Fault {
  node: string;
  cause: Cause;
  /** The member as the survivors list it; undefined: it is not listed any more. */
  member?: EtcdMember;
  /** With `address-changed`. */
  address?: { from: string; to: string };
  signals: Signal[];
  /** One sentence, without its full stop and without anything volatile. */
  sentence: string;
}

/** What is wrong with the one master whose member is bad or absent. */
export function faultOf(standing: Standing, survey: Survey, observation: EtcdObservation): Fault {
  const etcd = etcdSignals(standing, survey);
  const found = { ...causeOf(standing, observation), ...addressOf(standing, observation) };
  const { member } = standing;
  const address = found.cause === 'address-changed' ? found.address : undefined;
  return {
    node: standing.master.name,
    cause: found.cause,
    ...(member === undefined ? {} : { member }),
    ...(address === undefined ? {} : { address }),
    signals: [...etcd, ...found.signals],
    sentence: sentenceOf(standing, found.cause, address),
  };
}

/** How many different places say so. */
export function originsOf({ signals }: Fault): number {
  return new Set(signals.map(({ origin }) => origin)).size;
}

interface Found {
  cause: Cause;
  signals: Signal[];
}

function causeOf(standing: Standing, observation: EtcdObservation): Found {
  // First, for it explains the others: a node with a new address has certificates that do not name it.
  const address = addressSignals(standing, observation);
  if (address.length > 0) return { cause: 'address-changed', signals: address };
  const disk = hostSignals(standing);
  if (disk.length > 0) return { cause: 'host', signals: disk };
  return standing.standing === 'absent' ? absentCause(standing) : ownCause(standing, observation);
}

/** Removed at this address: there is nothing left to remove, and its old data is no fault by itself. */
function absentCause(standing: Standing): Found {
  const corrupt = dataCorruptSignals(standing);
  return {
    cause: 'not-rejoined',
    signals: [...corrupt, ...podSignals(standing.master), ...unreadyPod(standing)],
  };
}

function unreadyPod({ master }: Standing): Signal[] {
  const pod = valueOf(master.pod);
  const etcd = pod?.state === 'present' ? pod.containers.find(({ name }) => name === 'etcd') : undefined;
  if (!etcd || etcd.ready) return [];
  return [{ origin: 'pod status', fact: `etcd on ${master.name} is not ready`, source: master.pod.source }];
}

function ownCause(standing: Standing, observation: EtcdObservation): Found {
  const { master } = standing;
  const pod = podSignals(master);
  const explanations: Found[] = [
    { cause: 'data-lost' as const, signals: dataLostSignals(standing) },
    { cause: 'data-corrupt' as const, signals: dataCorruptSignals(standing) },
    { cause: 'certificate' as const, signals: certificateSignals(standing, observation) },
    { cause: 'manifest' as const, signals: manifestSignals(standing) },
  ].filter(({ signals }) => signals.length > 0);
  const isGone = valueOf(master.pod)?.state === 'absent';
  // A pod that was restarted a moment ago has not failed for good, whatever its log says about the time before.
  if (!isCrashLooping(master) && !isGone) {
    const early = hasFailed(master) ? explanations.flatMap(({ signals }) => signals) : [];
    return { cause: 'transient', signals: [...pod, ...early] };
  }
  if (!master.host.known) return { cause: 'unseen', signals: pod };
  const [only, ...more] = explanations;
  if (!only || more.length > 0) {
    return { cause: 'unexplained', signals: [...pod, ...explanations.flatMap(({ signals }) => signals)] };
  }
  return { cause: only.cause, signals: [...pod, ...only.signals] };
}

function addressOf(standing: Standing, { masters }: EtcdObservation): Pick<Fault, 'address'> {
  const { master, member, orphaned } = standing;
  const addresses = valueOf(master.node)?.internalIps ?? [];
  const listed = orphaned && member ? hostsOf(member.peerUrls) : [];
  const [from] = [...listed, ...specMismatches(master, masters).map(({ says }) => says)];
  const to = from === undefined ? undefined : successorOf(from, addresses);
  return from === undefined || to === undefined ? {} : { address: { from, to } };
}

function sentenceOf({ master, member }: Standing, cause: Cause, address: Fault['address']): string {
  const listed = member
    ? `member ${member.id} (${member.peerUrls.join(', ')})`
    : 'its member has been removed already';
  const said = causeInWords(master.name, cause, address);
  return sentenceCase(member ? `${said}: ${listed}` : `${said}, and ${listed}`);
}

function causeInWords(node: string, cause: Cause, address: Fault['address']): string {
  if (cause === 'address-changed') {
    return `the address of ${node} changed from ${address?.from ?? 'unknown'} to ${address?.to ?? 'unknown'}`;
  }
  return words[cause].replace('NODE', () => node);
}

const words: Record<Exclude<Cause, 'address-changed'>, string> = {
  'data-lost': 'etcd on NODE has lost its data',
  'data-corrupt': 'the data of etcd on NODE is corrupt',
  certificate: 'etcd on NODE fails on its certificates',
  manifest: 'the static pod manifest of etcd on NODE is not the one of its revision',
  'not-rejoined': 'etcd on NODE has not been added to the cluster again',
  transient: 'etcd on NODE does not answer, and nothing says that it will not come back by itself',
  host: 'the disk under etcd on NODE is full or cannot be written',
  unexplained: 'etcd on NODE fails again and again, and there is no single explanation',
  unseen: 'etcd on NODE fails again and again, and only a look at the node could say why',
};
