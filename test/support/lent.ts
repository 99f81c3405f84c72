import type { Observation } from '../../domain/control-plane.ts';
import type { LeaseReading } from '../../domain/lease-rules.ts';
import type { Lease } from '../../domain/lease.ts';
import type { KeptOfEtcd } from '../../domain/control-plane.ts';
import { known } from '../../domain/reading.ts';
import { observedAt, secondsAfter } from './observations.ts';

export const leftLease: Lease = {
  target: 'etcd-unsafe-override',
  id: 'lease-1',
  owner: { workflow: 'recovery/lab', run: 'run-1' },
  deadline: secondsAfter(observedAt, 600),
};

/** The override is lent; whether a watchdog is open is for the test to say. */
export function lend(observation: Observation, back = 'the key is removed, and its field with it'): void {
  leaseReads(observation, { state: 'held', lease: leftLease, back });
}

export function leaseReads(observation: Observation, reading: LeaseReading): void {
  observation.lentSettings = [{ target: leftLease.target, lease: known(reading, 'GET etcds/cluster') }];
}

/** A health check of masters, paused by these runs of ours. */
export function leavePaused({ platform }: Observation, ...pausedBy: string[]): void {
  const check = {
    kind: 'MachineHealthCheck',
    namespace: 'openshift-machine-api',
    name: 'masters',
    coversMasters: true,
    paused: false,
  } as const;
  platform.remediators = known(
    [{ ...check, ...(pausedBy.length === 0 ? {} : { pausedBy }) }],
    'GET machinehealthchecks, nodehealthchecks',
  );
}

export function keptOfEtcd(change: Partial<KeptOfEtcd> = {}): KeptOfEtcd {
  return {
    kind: 'snapshot',
    runId: '0b1c2d3e4f50',
    path: '/var/lib/etcd-recovery/0b1c2d3e4f50',
    bytes: 110_000_160,
    changedAt: secondsAfter(observedAt, -3 * 86_400),
    ...change,
  };
}
