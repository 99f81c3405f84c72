import type { Observation } from '../../domain/control-plane.ts';
import type { LeaseReading } from '../../domain/lease-rules.ts';
import type { Lease } from '../../domain/lease.ts';
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
