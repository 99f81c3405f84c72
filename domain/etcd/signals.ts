import { valueOf } from '../reading.ts';
import type { Evidence } from '../verdict.ts';
import { hostsOf, includesHost } from './addresses.ts';
import { certificateFaults } from './certificates.ts';
import { specMismatches } from './mismatch.ts';
import type { ContainerState, EtcdHost, EtcdMaster, EtcdObservation } from './observation.ts';
import type { Standing } from './standing.ts';
import type { Survey } from './survey.ts';

/**
 * Something that was seen, by whom. Two signals are independent when their origins differ: two values in one pod's spec are one
 * mistake seen twice.
 */
export interface Signal extends Evidence {
  origin: 'etcd' | 'pod spec' | 'pod status' | 'machine' | 'files' | 'log' | 'secrets';
}

/** What etcd itself says about the member: needed for every cause, and enough for none. */
export function etcdSignals({ standing, member, master }: Standing, { survivors }: Survey): Signal[] {
  const source = survivors.map(({ master: { name } }) => `etcd on ${name}`).join(', ');
  if (standing === 'absent') {
    return [{ origin: 'etcd', fact: `no member is listed at an address of ${master.name}`, source }];
  }
  if (standing !== 'bad' || !member) return [];
  const fact = `member ${member.id} at ${member.peerUrls.join(', ')} is reached by none of ${survivors.length} survivors`;
  return [{ origin: 'etcd', fact, source }];
}

export function addressSignals(
  { master, orphaned, member }: Standing,
  { masters }: EtcdObservation,
): Signal[] {
  const mismatches = specMismatches(master, masters);
  // A survivor's pod of an older revision names the old address for long after all is well: alone it says nothing.
  const told = mismatches.filter(({ own }) => own || orphaned);
  if (told.length === 0) return [];
  const node = valueOf(master.node);
  const signals: Signal[] = told.map(({ what, source }) => ({
    origin: 'pod spec',
    fact: `${what}, and the Node has ${node?.internalIps.join(', ') ?? 'none'}`,
    source,
  }));
  const machine = valueOf(master.machine);
  const old = orphaned && member ? hostsOf(member.peerUrls) : [...new Set(told.map(({ says }) => says))];
  if (
    machine?.state === 'present' &&
    !machine.addresses.some((one) => old.some((host) => includesHost([one], host)))
  ) {
    const fact = `Machine ${machine.name} has ${machine.addresses.join(', ')}, not ${old.join(', ')}`;
    signals.push({ origin: 'machine', fact, source: master.machine.source });
  }
  return [...signals, ...logSignals(master, ['addressRefused'])];
}

export function dataLostSignals({ master }: Standing): Signal[] {
  const host = valueOf(master.host);
  const signals = logSignals(master, ['dataDestroyed']);
  if (!host || host.data.state === 'present') return signals;
  const fact = `/var/lib/etcd/member on ${master.name} is ${host.data.state}`;
  return [...signals, { origin: 'files', fact, source: master.host.source }];
}

export function dataCorruptSignals({ master }: Standing): Signal[] {
  const faults = valueOf(master.host)?.data.faults ?? [];
  const files = faults.map((fact): Signal => ({ origin: 'files', fact, source: master.host.source }));
  return [...logSignals(master, ['dataCorrupt']), ...files];
}

export function certificateSignals({ master }: Standing, { at }: EtcdObservation): Signal[] {
  const signals = logSignals(master, ['certificateUnusable', 'certificateRejected']);
  const files = valueOf(master.host)?.certificates;
  if (files && files.state !== 'usable') {
    const fact = `the member's certificate on ${master.name} is ${files.state} (${files.detail})`;
    signals.push({ origin: 'files', fact, source: master.host.source });
  }
  const faults = certificateFaults(master, at);
  const { source } = master.certificates;
  return [...signals, ...faults.map(({ fact }): Signal => ({ origin: 'secrets', fact, source }))];
}

export function manifestSignals({ master }: Standing): Signal[] {
  const manifest = valueOf(master.host)?.manifest.state;
  if (manifest === undefined || manifest === 'present') return [];
  const fact = `/etc/kubernetes/manifests/etcd-pod.yaml on ${master.name} ${manifest === 'differs' ? 'differs from its revision' : `is ${manifest}`}`;
  return [{ origin: 'files', fact, source: master.host.source }, ...podSignals(master)];
}

/** A pod that is not there, or whose containers do not stay: what a person sees first. */
export function podSignals({ name, pod }: EtcdMaster): Signal[] {
  const seen = valueOf(pod);
  if (!seen) return [];
  const { source } = pod;
  if (seen.state === 'absent')
    return [{ origin: 'pod status', fact: `there is no pod etcd-${name}`, source }];
  return seen.containers.filter(isTroubled).map((container) => ({
    origin: 'pod status',
    fact: `${container.name} of pod etcd-${name}: ${troubleOf(container)}`,
    source,
  }));
}

/** What no act on a member would mend. */
export function hostSignals({ master }: Standing): Signal[] {
  const data = valueOf(master.host)?.data;
  const full = logSignals(master, ['diskFull']);
  if (!data || data.writable) return full;
  const fact = `/var/lib/etcd on ${master.name} cannot be written`;
  return [...full, { origin: 'files', fact, source: master.host.source }];
}

function logSignals({ name, host }: EtcdMaster, signs: (keyof EtcdHost['log'])[]): Signal[] {
  const log = valueOf(host)?.log;
  if (!log) return [];
  return signs
    .filter((sign) => log[sign] > 0)
    .map((sign) => ({ origin: 'log', fact: `etcd on ${name} says: ${words[sign]}`, source: host.source }));
}

const words: Record<keyof EtcdHost['log'], string> = {
  dataDestroyed: "'dataDir has been destroyed'",
  dataCorrupt: 'its write-ahead log or its database cannot be read',
  addressRefused: "'expected … IP to be <new>, got <old>'",
  certificateUnusable: 'its certificate or key cannot be loaded',
  certificateRejected: 'its certificate is rejected',
  removed: "'the member has been permanently removed from the cluster'",
  diskFull: "'no space left on device'",
};

/** Three restarts and still not ready: a roll-out restarts once, a node's boot once more. */
const restartsOfALoop = 3;

/** The pod fails by itself again and again; one that has only just been restarted may come. */
export function isCrashLooping({ pod }: EtcdMaster): boolean {
  const seen = valueOf(pod);
  return seen?.state === 'present' && seen.containers.some(isTroubled);
}

/** Its own process ended with an error, and is not back. */
export function hasFailed({ pod }: EtcdMaster): boolean {
  const seen = valueOf(pod);
  const etcd = seen?.state === 'present' ? seen.containers.find(({ name }) => name === 'etcd') : undefined;
  return etcd !== undefined && !etcd.ready && (etcd.lastTermination?.exitCode ?? 0) !== 0;
}

function isTroubled({ state, ready, reason, restarts, lastTermination }: ContainerState): boolean {
  if (reason === 'CrashLoopBackOff') return true;
  const failed = lastTermination !== undefined && lastTermination.exitCode !== 0;
  return (
    !ready && failed && restarts >= restartsOfALoop && (state !== 'terminated' || reason !== 'Completed')
  );
}

function troubleOf({ reason, state, restarts, lastTermination }: ContainerState): string {
  const ended = lastTermination
    ? `, last ended with ${lastTermination.exitCode} (${lastTermination.reason})`
    : '';
  return `${reason === '' ? state : reason}, ${restarts} restarts${ended}`;
}
