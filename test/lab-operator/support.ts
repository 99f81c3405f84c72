import type {
  Machine,
  Master,
  Member,
  MemberHealth,
  NodeStatus,
  Operand,
} from '../../lab/operator/rules/types.ts';

/** A healthy cluster, from which a test takes one thing away. */
export function three<T>(make: (index: number) => T): T[] {
  return [0, 1, 2].map((index) => make(index));
}

function address(index: number): string {
  return `10.0.0.${11 + index}`;
}

export function member(index: number): Member {
  return {
    id: String(11 + index),
    name: `master-${index}`,
    peerUrls: [`https://${address(index)}:2380`],
    clientUrls: [`https://${address(index)}:2379`],
    learner: false,
  };
}

export function healthy(index: number): MemberHealth {
  return { member: member(index), healthy: true };
}

export function master(index: number): Master {
  const ready = { ready: true, since: '2026-11-22T17:00:00Z', reason: 'KubeletReady', message: '' };
  return { name: `master-${index}`, address: address(index), ...ready };
}

export function machine(index: number): Machine {
  return { name: `lab-master-${index}`, addresses: [address(index)], deleting: false, hooked: true };
}

export function operand(index: number): Operand {
  const where = { node: `master-${index}`, podIp: address(index) };
  return { ...where, revision: 2, ready: true, etcdRunsNotReady: false, troubles: [] };
}

export function status(index: number, currentRevision: number, targetRevision = 0): NodeStatus {
  const nothingFailed = { lastFailedRevision: 0, lastFailedReason: '', lastFailedCount: 0 };
  return { nodeName: `master-${index}`, currentRevision, targetRevision, ...nothingFailed };
}
