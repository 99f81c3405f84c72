import type { OperatorKind } from '../../../domain/etcd/operator-kind.ts';
import { defaultEtcdPolicy, type EtcdPolicy } from '../../../domain/etcd/policy.ts';
import type { Policy } from '../../../domain/policy.ts';
import { etcdScripts } from '../../support/etcd-decisions.ts';
import { healthyCluster, type SimulatedCluster } from '../state.ts';

/**
 * etcd and its operator as plain data. Time goes by in ticks of some five seconds: one for each look, and as many as a
 * waiting activity has time for. Nothing here depends on a clock, so that every run of a test is the same.
 */
export interface SimulatedEtcd {
  kind: OperatorKind;
  /** Release of the platform. */
  version: string;
  clusterId: string;
  members: SimulatedMember[];
  /** In the inventory's order. */
  masters: Record<string, SimulatedMaster>;
  /** Address by master, as the pods of each revision name them. */
  revisions: Record<number, Record<string, string>>;
  latest: number;
  /** What the next revision would be made of; undefined: nothing has changed. */
  wanted?: Record<string, string>;
  forceReason: string;
  managed: boolean;
  paused: { name: string; by?: string }[];
  snapshots: string[];
  copies: string[];
  alarms: 'NOSPACE' | 'CORRUPT' | undefined;
  upgrading: boolean;
  /** Ticks from the cause to the effect. */
  lag: { revision: number; installer: number; join: number; machine: number | 'never' };
  /** The operator removes a stale member by itself after so many ticks; absent: it does not. */
  removesAfter?: number;
  /** Counts towards each lag. */
  counters: Record<string, number>;
  nextId: number;
}

export interface SimulatedMember {
  id: string;
  name: string;
  address: string;
  learner: boolean;
  started: boolean;
}

export interface SimulatedMaster {
  address: string;
  /** In the Machine's status. */
  machine: string;
  revision: number;
  /** `lost`: gone; `corrupt`: there, and of no use; `aside`: moved away by a run. */
  data: 'sound' | 'lost' | 'corrupt' | 'aside';
  /** Whose data lies there. */
  memberId: string;
  /** Address for which the three certificates, and their copies, were made. */
  secrets: string;
  inAllCerts: string;
  /** The files on the node. */
  files: 'usable' | 'key-mismatch';
  manifest: 'present' | 'differs';
  kubelet: 'well' | 'unauthenticated';
  ready: boolean;
  ssh: boolean;
  /** By run: what was set aside. */
  quarantine: Record<string, 'lost' | 'corrupt' | 'sound'>;
  /** Its member lags so many raft entries behind. */
  behind: number;
  /** Its process does not run, for no reason that can be seen. */
  stopped: boolean;
  /** Its pod has only just been started, and has not failed yet. */
  restarting: boolean;
}

export interface EtcdModel extends SimulatedCluster {
  model: SimulatedEtcd;
}

/** No wait but those that a test is about. */
const quickEtcdPolicy: EtcdPolicy = {
  ...defaultEtcdPolicy,
  seenForMs: 0,
  operatorGraceMs: 0,
  rollOutStandstillMs: 0,
};

const ids = [
  '8e9e05c52164694d',
  '8e9e05c52164694e',
  '8e9e05c52164694f',
  '91bc3c398fb3c146',
  'fd422379fda50e48',
];

export interface EtcdModelOptions {
  kind?: OperatorKind;
  masters?: string[];
  policy?: Partial<Policy>;
  etcd?: Partial<EtcdPolicy>;
}

/** Three healthy masters, settled at revision 2. */
export function healthyEtcd(name: string, options: EtcdModelOptions = {}): EtcdModel {
  const { kind = 'revision-gated', masters = ['master-0', 'master-1', 'master-2'], policy, etcd } = options;
  const cluster = healthyCluster(name, { reobserveEveryMs: 200, ...policy });
  const addresses = Object.fromEntries(masters.map((one, index) => [one, `10.78.0.${11 + index}`]));
  const model: SimulatedEtcd = {
    kind,
    version: kind === 'all-gated' ? '4.16.21' : '4.20.3',
    clusterId: 'cdf818194e3a8c32',
    members: masters.map((one, index) => ({
      id: ids[index] ?? '',
      name: one,
      address: addresses[one] ?? '',
      learner: false,
      started: true,
    })),
    masters: Object.fromEntries(
      masters.map((one, index) => [one, healthyMaster(addresses[one] ?? '', ids[index] ?? '')]),
    ),
    revisions: { 2: addresses },
    latest: 2,
    forceReason: '',
    managed: true,
    paused: [{ name: 'masters' }],
    snapshots: [],
    copies: [],
    alarms: undefined,
    upgrading: false,
    lag: { revision: 2, installer: 3, join: 1, machine: 0 },
    counters: {},
    nextId: 1,
  };
  const scripts = { ...cluster.scripts, ...etcdScripts };
  return { ...cluster, scripts, etcd: { ...quickEtcdPolicy, ...etcd }, model };
}

function healthyMaster(address: string, memberId: string): SimulatedMaster {
  return {
    address,
    machine: address,
    revision: 2,
    data: 'sound',
    memberId,
    secrets: address,
    inAllCerts: address,
    files: 'usable',
    manifest: 'present',
    kubelet: 'well',
    ready: true,
    ssh: true,
    quarantine: {},
    behind: 0,
    stopped: false,
    restarting: false,
  };
}

export function etcdMasterIn({ model }: EtcdModel, name: string): SimulatedMaster {
  const master = model.masters[name];
  if (!master) throw new Error(`the model has no master ${name}`);
  return master;
}

/** What is done to a healthy model. Each returns it. */
export function addressChanges(cluster: EtcdModel, name = 'master-2', to = '10.78.0.23'): EtcdModel {
  etcdMasterIn(cluster, name).address = to;
  return cluster;
}

export function dataGoes(
  cluster: EtcdModel,
  data: 'lost' | 'corrupt' = 'lost',
  name = 'master-2',
): EtcdModel {
  etcdMasterIn(cluster, name).data = data;
  return cluster;
}

export function certificateBreaks(cluster: EtcdModel, name = 'master-2'): EtcdModel {
  etcdMasterIn(cluster, name).files = 'key-mismatch';
  return cluster;
}
