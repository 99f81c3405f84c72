import type { EtcdHost, EtcdMaster, EtcdObservation } from '../../domain/etcd/observation.ts';
import { known, unknown } from '../../domain/reading.ts';
import {
  certificatesFor,
  condition,
  etcdMaster,
  healthyCluster,
  inside,
  podOf,
  replaceCondition,
} from './etcd-observations.ts';

/** What is taken away from a healthy cluster. Each changes the observation that it is given, and returns it. */

/** Its member does not answer, and nobody reaches it. */
export function memberDown(observation: EtcdObservation, name: string): EtcdObservation {
  const master = etcdMaster(observation, name);
  const id = inside(master.view.self).memberId;
  const source = `etcdctl on ${name}`;
  const why = 'context deadline exceeded';
  master.view = {
    self: unknown(why, source),
    members: unknown(why, source),
    status: unknown(why, source),
    read: known({ healthy: false, detail: why }, source),
    reach: unknown(why, source),
    alarms: unknown(why, source),
  };
  for (const { view } of othersOf(observation, name)) {
    if (!view.reach.known) continue;
    for (const seen of view.reach.value) {
      if (seen.memberId === id) Object.assign(seen, { healthy: false, detail: 'connection refused' });
    }
  }
  closeGate(observation);
  return observation;
}

/** As the operator of 4.18 and later shows it. */
function closeGate(observation: EtcdObservation): void {
  const operator = inside(observation.operator);
  const message =
    'CheckSafeToScaleCluster found 2 healthy member(s) out of the 3 required by the HAScalingStrategy';
  replaceCondition(operator, condition('RevisionControllerDegraded', 'True', 'SyncError', message));
}

/** The case of the operating procedure: the node came back with another address, and its Machine follows. */
export function addressChanged(
  name = 'master-2',
  to = '10.78.0.23',
  observation: EtcdObservation = healthyCluster(),
): EtcdObservation {
  const master = etcdMaster(observation, name);
  memberDown(observation, name);
  inside(master.node).internalIps = [to];
  const machine = inside(master.machine);
  if (machine.state === 'present') machine.addresses = [to];
  podOf(observation, name).podIps = [to];
  // Without a roll-out the main-like operator has renewed them within 22 s.
  master.certificates = known(
    { secrets: certificatesFor(name, [to]), inAllCerts: certificatesFor(name, [to]) },
    'GET secrets in openshift-etcd',
  );
  return observation;
}

/** The same address, no data: etcd gives up at every start. */
export function dataLost(
  name = 'master-2',
  observation: EtcdObservation = healthyCluster(),
): EtcdObservation {
  const host = failing(name, observation);
  host.data.state = 'empty';
  host.log.dataDestroyed = 4;
  return observation;
}

export function dataCorrupt(
  name = 'master-2',
  observation: EtcdObservation = healthyCluster(),
): EtcdObservation {
  const host = failing(name, observation);
  host.data.faults = ['the write-ahead log 0000000000000000-0000000000000000.wal fails its check'];
  host.log.dataCorrupt = 4;
  return observation;
}

export function certificateBroken(
  name = 'master-2',
  observation: EtcdObservation = healthyCluster(),
): EtcdObservation {
  const host = failing(name, observation);
  host.certificates = { state: 'key-mismatch', detail: 'private key does not match public key' };
  host.log.certificateUnusable = 4;
  return observation;
}

/** Down, in a crash loop; what the node shows is to be changed by the caller. */
function failing(name: string, observation: EtcdObservation): EtcdHost {
  memberDown(observation, name);
  crashLooping(observation, name);
  return inside(etcdMaster(observation, name).host);
}

export function crashLooping(observation: EtcdObservation, name: string): void {
  for (const container of podOf(observation, name).containers) {
    if (container.name !== 'etcd') continue;
    Object.assign(container, { ready: false, state: 'waiting', reason: 'CrashLoopBackOff', restarts: 6 });
    container.lastTermination = { exitCode: 1, reason: 'Error', message: '' };
  }
}

/** The operator, a person or this run has removed it. */
export function memberRemoved(observation: EtcdObservation, name = 'master-2'): EtcdObservation {
  const index = observation.masters.findIndex((one) => one.name === name);
  for (const { view } of othersOf(observation, name)) {
    if (view.members.known) view.members.value.splice(index, 1);
    if (view.reach.known) view.reach.value.splice(index, 1);
  }
  return observation;
}

function othersOf(observation: EtcdObservation, name: string): EtcdMaster[] {
  return observation.masters.filter((one) => one.name !== name);
}
