import type { LentSetting, MasterObservation, Observation } from '../../domain/control-plane.ts';
import { nodeCommonName } from '../../domain/kubelet/names.ts';
import { isLeaseTarget, leaseTargets } from '../../domain/lease.ts';
import { readLeaseIn } from '../../domain/lease-rules.ts';
import { known, type Reading } from '../../domain/reading.ts';
import { createBudget } from '../connections/budget.ts';
import type { ClusterConnection } from '../connections/cluster.ts';
import type { Kubernetes } from '../connections/kubernetes.ts';
import type { NodeLane } from '../connections/node-lane.ts';
import * as reads from '../connections/reads.ts';
import { failure } from '../failure.ts';
import { lookAtApi, reachedBy, read, unreadable, type ApiLook } from './api-look.ts';
import { lookAtNode } from './node.ts';
import type { NodeLook } from './parse-kubelet.ts';
import {
  parseBootstrapSecret,
  parseCsrs,
  parseMirrorPods,
  parseNode,
  parseOperatorPods,
  parseSigner,
} from './parse-objects.ts';
import { readPlatform } from './platform.ts';
import { readPowers } from './powers.ts';

/** One look may cost so much and no more; three masters need about thirty calls and 2 MB. */
const limits = { apiCalls: 80, bytes: 64 * 1024 * 1024 };
/** For a busy master; a dead one shows sooner, since it does not even begin. */
const NODE_TIMEOUT_MS = 25_000;

/** Whatever cannot be read is `unknown` with its reason; only an abort by `signal` throws. */
export async function observeControlPlane(
  cluster: ClusterConnection,
  lane: NodeLane,
  signal: AbortSignal,
): Promise<Observation> {
  const at = new Date().toISOString();
  const budget = createBudget(limits);
  const look = await lookAtApi(cluster, lane, budget, signal);
  try {
    const names = Object.keys(cluster.masters);
    let otherCsrs = 0;
    const [masters, signer, csrs, bootstrapSecret, powers, platform, lentSettings] = await Promise.all([
      Promise.all(names.map((name) => observeMaster(cluster, name, look, lane, signal))),
      readSigner(look),
      read(look, 'GET certificatesigningrequests', async (api) => {
        const all = await parseCsrs(await reads.listClientCsrs(api));
        const ours = all.filter(({ commonName }) =>
          names.some((name) => commonName === nodeCommonName(name)),
        );
        otherCsrs = all.length - ours.length;
        return ours;
      }),
      read(look, 'GET secrets/node-bootstrapper-token', readSecret),
      read(look, 'POST selfsubjectreviews, selfsubjectaccessreviews', readPowers),
      readPlatform(look, names),
      readLentSettings(look),
    ]);
    signal.throwIfAborted();
    return {
      cluster: cluster.name,
      at,
      api: await reachedBy(look),
      masters,
      signer,
      csrs,
      otherCsrs,
      bootstrapSecret,
      powers,
      platform,
      lentSettings,
      cost: budget.cost(),
    };
  } finally {
    look.api?.close();
  }
}

async function observeMaster(
  cluster: ClusterConnection,
  name: string,
  look: ApiLook,
  lane: NodeLane,
  signal: AbortSignal,
): Promise<MasterObservation> {
  const [node, pods, seen] = await Promise.all([
    read(look, `GET nodes/${name}`, (api) => readNodeStatus(api, name)),
    read(look, `GET pods on ${name}`, (api) => reads.listPodsOn(api, name)),
    lookAtNode(lane, name, { signal, timeoutMs: NODE_TIMEOUT_MS }).then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    ),
  ]);
  const ofNode = <T>(pick: (own: NodeLook) => T, what: string): Reading<T> => {
    const source = `ssh ${name}: ${what}`;
    return 'value' in seen ? known(pick(seen.value), source) : unreadable(seen.error, source);
  };
  return {
    name,
    address: cluster.masters[name]?.address ?? '',
    node,
    mirrorPods: mapped(pods, parseMirrorPods),
    operatorPods: mapped(pods, (list) => parseOperatorPods(list, name)),
    kubelet: ofNode((own) => own.kubelet, 'observe-kubelet.sh'),
    etcd: ofNode((own) => own.etcd, 'health of etcd'),
    apiServer: ofNode((own) => own.apiServer, '/readyz of the API server'),
  };
}

function mapped<T, R>(reading: Reading<T>, how: (value: T) => R): Reading<R> {
  return reading.known ? known(how(reading.value), reading.source) : reading;
}

/** The Node and its lease; no Node is an error, no lease is a fact. */
export async function readNodeStatus(api: Kubernetes, name: string) {
  const [node, lease] = await Promise.all([
    reads.readNode(api, name),
    reads.readLease(api, 'kube-node-lease', name),
  ]);
  return parseNode(node, lease);
}

function readSigner(look: ApiLook): Promise<Observation['signer']> {
  return read(look, 'GET leases/kube-system/kube-controller-manager', async (api) => {
    const lease = await reads.readLease(api, 'kube-system', 'kube-controller-manager');
    if (!lease) throw failure('ApiUnreachable', 'there is no lease kube-system/kube-controller-manager');
    return parseSigner(lease, Date.now() + api.clockOffsetMs());
  });
}

/** What is not there, or not ours to read, is not ours to lend either. */
async function readLentSettings(look: ApiLook): Promise<LentSetting[]> {
  const targets = Object.keys(leaseTargets).filter(isLeaseTarget);
  const settings = await Promise.all(
    targets.map(async (target) => {
      const { object } = leaseTargets[target];
      const lease = await read(look, `GET ${object}`, async (api) =>
        readLeaseIn(await reads.readLeaseObject(api, object), target),
      );
      return { target, lease };
    }),
  );
  const elsewhere = ['ApiForbidden', 'PreconditionFailed'];
  return settings.filter(({ lease }) => lease.known || !elsewhere.includes(lease.cause ?? ''));
}

async function readSecret(api: Kubernetes) {
  const secret = await reads.readBootstrapSecret(api);
  if (!secret) throw new Error('there is no such secret');
  return parseBootstrapSecret(secret);
}
