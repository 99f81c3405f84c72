import type { EtcdGate } from '../../../activities/etcd-contract.ts';
import { envSafe } from '../../../domain/etcd/names.ts';
import type {
  EtcdMaster,
  EtcdMember,
  EtcdObservation,
  MemberView,
} from '../../../domain/etcd/observation.ts';
import type { EtcdOperator, Json } from '../../../domain/etcd/platform.ts';
import type { DataHash } from '../../../domain/etcd/proof.ts';
import type { Sighting } from '../../../domain/etcd/sighting.ts';
import { readLeaseIn } from '../../../domain/lease-rules.ts';
import { known, unknown } from '../../../domain/reading.ts';
import { crashLooping } from '../../support/etcd-faults.ts';
import {
  certificatesFor,
  condition,
  etcdMaster,
  healthyCluster,
  inside,
  podOf,
  replaceCondition,
} from '../../support/etcd-observations.ts';
import { isGateOpen, isMoving, overridesOf, runs, serving } from './operator.ts';
import type { EtcdModel, SimulatedMaster } from './state.ts';

/** What a look at the model shows at `at`: the fixtures of the domain's tests, as its state has them. */
export function etcdObservationOf(cluster: EtcdModel, at: Date, before?: Sighting): EtcdObservation {
  const { model } = cluster;
  const names = Object.keys(model.masters);
  const seen = healthyCluster(names);
  Object.assign(seen, { cluster: cluster.name, at: at.toISOString(), ...(before ? { before } : {}) });
  for (const name of names) describeMaster(seen, cluster, name);
  describeOperator(inside(seen.operator), cluster);
  Object.assign(inside(seen.version), {
    version: model.version,
    state: model.upgrading ? 'Partial' : 'Completed',
    progressing: model.upgrading,
  });
  seen.remediators = remediatorsIn(cluster);
  if (!cluster.apiReachable) seen.api = unknown('connect ECONNREFUSED', 'GET /version');
  return seen;
}

function describeMaster(seen: EtcdObservation, cluster: EtcdModel, name: string): void {
  const master = etcdMaster(seen, name);
  const has = cluster.model.masters[name]!;
  const { kubelet, ready, ssh, address, secrets, inAllCerts } = has;
  Object.assign(inside(master.node), { internalIps: [address], ready: ready ? 'True' : 'Unknown' });
  const machine = inside(master.machine);
  if (machine.state === 'present') machine.addresses = [has.machine];
  describePod(seen, cluster, name, has);
  inside(master.kubelet).authenticates = kubelet === 'well';
  master.certificates = known(
    {
      secrets: secrets === '' ? missing(name) : certificatesFor(name, [secrets]),
      inAllCerts: inAllCerts === '' ? missing(name) : certificatesFor(name, [inAllCerts]),
    },
    'GET secrets in openshift-etcd',
  );
  describeHost(master, has);
  if (!ssh) master.host = unknown('ssh: connect: Connection refused', master.host.source);
  master.view = viewOf(cluster, name);
}

function missing(node: string) {
  return certificatesFor(node, []).map(({ name }) => ({ name, state: 'missing' as const }));
}

function describePod(
  seen: EtcdObservation,
  cluster: EtcdModel,
  name: string,
  { address, revision, restarting }: SimulatedMaster,
): void {
  const addresses = cluster.model.revisions[revision] ?? {};
  const pod = podOf(seen, name);
  const endpoints = Object.values(addresses).map((one) => `https://${one}:2379`);
  pod.env = { ALL_ETCD_ENDPOINTS: endpoints.join(',') };
  for (const [one, at] of Object.entries(addresses)) {
    pod.env[`NODE_${envSafe(one)}_IP`] = at;
    pod.env[`NODE_${envSafe(one)}_ETCD_URL_HOST`] = at;
  }
  Object.assign(pod, { revision, podIps: [address] });
  if (!serving(cluster, name) && !restarting) crashLooping(seen, name);
}

function describeHost(master: EtcdMaster, { data, files, manifest }: SimulatedMaster): void {
  const host = inside(master.host);
  if (data === 'lost' || data === 'aside') Object.assign(host.data, { state: 'empty' });
  if (data === 'lost' || data === 'aside') host.log.dataDestroyed = 4;
  if (data === 'corrupt') {
    host.data.faults = ['the write-ahead log fails its check'];
    host.log.dataCorrupt = 4;
  }
  if (files === 'key-mismatch') {
    host.certificates = { state: 'key-mismatch', detail: 'private key does not match public key' };
    host.log.certificateUnusable = 4;
  }
  host.manifest.state = manifest;
}

/** As this member tells it; one that does not serve tells nothing. */
function viewOf(cluster: EtcdModel, name: string): MemberView {
  const source = `etcdctl on ${name}`;
  const { model } = cluster;
  const own = serving(cluster, name);
  const why = runs(cluster, name) ? 'context deadline exceeded' : 'connection refused';
  const nothing = unknown(why, source);
  if (!own) {
    const read = known({ healthy: false, detail: why }, source);
    return { self: nothing, members: nothing, status: nothing, read, reach: nothing, alarms: nothing };
  }
  const raftIndex = 90_120 - (model.masters[name]?.behind ?? 0);
  const leader = model.members.find(({ id }) => answers(cluster, id));
  return {
    self: known({ clusterId: model.clusterId, memberId: own.id }, source),
    members: known(model.members.map(listed), source),
    status: known(
      {
        version: '3.5.26',
        leader: leader?.id ?? '0',
        raftTerm: 7,
        raftIndex,
        raftAppliedIndex: raftIndex,
        revision: 80_044,
        dbSizeBytes: 110_000_000,
        dbInUseBytes: 60_000_000,
        learner: own.learner,
        errors: [],
      },
      source,
    ),
    read: known({ healthy: true, detail: 'took 2 ms' }, source),
    reach: known(
      model.members.map(({ id }) => {
        const healthy = answers(cluster, id);
        return { memberId: id, healthy, detail: healthy ? 'took 3 ms' : 'connection refused' };
      }),
      source,
    ),
    alarms: known(model.alarms ? [{ memberId: own.id, type: model.alarms }] : [], source),
  };
}

function answers(cluster: EtcdModel, id: string): boolean {
  return Object.keys(cluster.model.masters).some((name) => serving(cluster, name)?.id === id);
}

function listed({ id, name, address, learner, started }: EtcdModel['model']['members'][number]): EtcdMember {
  return {
    id,
    name: started ? name : '',
    peerUrls: [`https://${address}:2380`],
    clientUrls: started ? [`https://${address}:2379`] : [],
    learner,
  };
}

function describeOperator(operator: EtcdOperator, cluster: EtcdModel): void {
  const { model, etcdObject } = cluster;
  const overrides = overridesOf(cluster);
  Object.assign(operator, {
    managementState: model.managed ? 'Managed' : 'Unmanaged',
    lease: readLeaseIn(etcdObject, 'etcd-unsafe-override'),
    forceRedeploymentReason: model.forceReason,
    latestAvailableRevision: model.latest,
    nodeStatuses: Object.entries(model.masters).map(([nodeName, { revision }]) => ({
      nodeName,
      currentRevision: revision,
      targetRevision: revision === model.latest ? 0 : model.latest,
      lastFailedRevision: 0,
    })),
    ...(overrides === undefined ? {} : { overrides: overrides as Json }),
  });
  const moving = isMoving(cluster);
  replaceCondition(operator, condition('NodeInstallerProgressing', moving ? 'True' : 'False', '', ''));
  if (isGateOpen(cluster)) return;
  const type = model.kind === 'all-gated' ? 'EtcdEndpointsDegraded' : 'RevisionControllerDegraded';
  replaceCondition(operator, condition(type, 'True', 'SyncError', shutText(cluster)));
}

function shutText({ model }: EtcdModel): string {
  return model.kind === 'all-gated'
    ? "EtcdEndpointsController can't evaluate whether quorum is safe: etcd cluster has quorum of 2 and 2 healthy members which is not fault tolerant"
    : 'CheckSafeToScaleCluster found 2 healthy member(s) out of the 3 required by the HAScalingStrategy';
}

export function gateOf(cluster: EtcdModel): EtcdGate {
  const isOpen = isGateOpen(cluster);
  return {
    latestAvailableRevision: cluster.model.latest,
    gate: isOpen ? 'open' : 'shut',
    because: isOpen ? 'no condition says otherwise' : shutText(cluster),
  };
}

/** All members hold the same, for in the model nobody writes. */
export function hashesOf({ model }: EtcdModel): DataHash[] {
  return model.members.map(({ id }) => ({
    memberId: id,
    revision: 80_100,
    compactRevision: 79_000,
    hash: '3147921938',
  }));
}

export function remediatorsIn({ model }: EtcdModel): EtcdObservation['remediators'] {
  const { remediators } = healthyCluster();
  for (const one of inside(remediators)) {
    const by = model.paused.find(({ name }) => name === one.name)?.by;
    one.paused = by !== undefined && !isRun(by);
    if (by !== undefined && isRun(by)) one.pausedBy = [by];
  }
  return remediators;
}

/** Runs of ours have ids of this form; everybody else is a person. */
export function isRun(by: string): boolean {
  return /^[0-9a-f]{12}$/.test(by);
}
