import { certificateSecrets, allCertsSecret } from '../../../domain/etcd/names.ts';
import type { EtcdMaster, EtcdObservation, NodeCertificates } from '../../../domain/etcd/observation.ts';
import type { Remediator } from '../../../domain/etcd/platform.ts';
import type { Sighting } from '../../../domain/etcd/sighting.ts';
import { known, valueOf, type Reading } from '../../../domain/reading.ts';
import { createBudget } from '../../connections/budget.ts';
import type { ClusterConnection } from '../../connections/cluster.ts';
import type { Kubernetes } from '../../connections/kubernetes.ts';
import type { NodeLane } from '../../connections/node-lane.ts';
import type { EtcdPodObject, MachineObject, MasterNodeObject } from '../../connections/platform-objects.ts';
import * as platform from '../../connections/platform-reads.ts';
import { readLease } from '../../connections/reads.ts';
import { lookAtApi, reachedBy, read, type ApiLook } from '../api-look.ts';
import { parseClusterVersion, parseEtcdOperator, parsePool, parseRemediators } from '../parse-platform.ts';
import { factsInAllCerts, factsOfSecret } from './certificate-facts.ts';
import { readCopyPlace } from './copies.ts';
import { lookAtMember } from './look-at-member.ts';
import { parseEtcdPod, parseKubeletWord, parseMachine, parseMasterNode } from './parse-master.ts';

/** One look may cost so much and no more; three masters need about thirty calls and half a megabyte. */
const limits = { apiCalls: 120, bytes: 32 * 1024 * 1024 };

/** Whatever cannot be read is `unknown` with its reason; only an abort by `signal` throws. */
export async function observeEtcd(
  cluster: ClusterConnection,
  lane: NodeLane,
  { before, signal }: { before?: Sighting | undefined; signal: AbortSignal },
): Promise<EtcdObservation> {
  const at = new Date().toISOString();
  const budget = createBudget(limits);
  const look = await lookAtApi(cluster, lane, budget, signal);
  try {
    const [around, masters, copies] = await Promise.all([
      lookAround(look),
      lookAtMasters(cluster, look, lane, signal),
      readCopyPlace(cluster),
    ]);
    signal.throwIfAborted();
    const { checks, ...readings } = around;
    return {
      cluster: cluster.name,
      at,
      api: await reachedBy(look),
      masters: masters.map(({ master }) => master),
      ...readings,
      remediators: remediatorsOf(checks, masters),
      copies,
      ...(before === undefined ? {} : { before }),
      cost: budget.cost(),
    };
  } finally {
    look.api?.close();
  }
}

/** What stands around the masters, for the whole cluster. */
async function lookAround(look: ApiLook) {
  const [operator, version, pools, topology, checks] = await Promise.all([
    read(look, 'GET etcds/cluster', async (api) => parseEtcdOperator(await platform.readEtcdOperator(api))),
    read(look, 'GET clusterversions/version', async (api) =>
      parseClusterVersion(await platform.readClusterVersion(api)),
    ),
    read(look, 'GET machineconfigpools', async (api) => (await platform.listPools(api)).map(parsePool)),
    read(look, 'GET infrastructures/cluster', async (api) => {
      const { status } = await platform.readInfrastructure(api);
      if (!status?.controlPlaneTopology) throw new Error('it says nothing of the control plane');
      return { controlPlane: status.controlPlaneTopology };
    }),
    read(look, 'GET machinehealthchecks, nodehealthchecks', readHealthChecks),
  ]);
  return { operator, version, pools, topology, checks };
}

async function readHealthChecks(api: Kubernetes) {
  const [machineChecks, nodeChecks] = await Promise.all([
    platform.listMachineHealthChecks(api),
    platform.listNodeHealthChecks(api),
  ]);
  return { machineChecks, nodeChecks };
}

type HealthChecks = Awaited<ReturnType<typeof readHealthChecks>>;

interface SeenMaster {
  master: EtcdMaster;
  node: Reading<MasterNodeObject>;
  /** Undefined when the cluster has no Machine API. */
  machines: Reading<MachineObject[] | undefined>;
}

/** Which of the health checks may act on a master: those that select the labels of one. */
function remediatorsOf(checks: Reading<HealthChecks>, seen: SeenMaster[]): Reading<Remediator[]> {
  if (!checks.known) return checks;
  const nodeLabels = seen.map(({ node }) => valueOf(node)?.metadata?.labels);
  const machineLabels = seen.map(({ master, machines }) => {
    const own = valueOf(master.machine);
    if (own?.state === 'none') return {};
    return valueOf(machines)?.find(({ metadata }) => own && metadata?.name === own.name)?.metadata?.labels;
  });
  const objects = { ...checks.value, nodeLabels: allOf(nodeLabels), machineLabels: allOf(machineLabels) };
  return known(parseRemediators(objects), checks.source);
}

/** All, or nothing is known: one that is missing might be the one that is meant. */
function allOf<T>(values: (T | undefined)[]): T[] | undefined {
  const there = values.filter((value) => value !== undefined);
  return there.length === values.length ? there : undefined;
}

function lookAtMasters(
  cluster: ClusterConnection,
  look: ApiLook,
  lane: NodeLane,
  signal: AbortSignal,
): Promise<SeenMaster[]> {
  // Asked once for all of them; each master's reading has it by its own name.
  const pods = read(look, 'GET pods in openshift-etcd', platform.listEtcdPods);
  const machines = read(look, 'GET machines', platform.listMachines);
  const allCerts = readAllCerts(look);
  return Promise.all(
    Object.keys(cluster.masters).map(async (name): Promise<SeenMaster> => {
      const object = readNodeObject(look, name);
      const own = object.then((seen) => map(seen, parseMasterNode));
      const [kubelet, secrets, seen] = await Promise.all([
        readKubeletWord(look, name),
        readOwnSecrets(look, name),
        lookAtMember(lane, name, signal),
      ]);
      const node = await object;
      const whole = await machines;
      const master: EtcdMaster = {
        name,
        node: await own,
        machine: await machineOf(name, node, machines),
        pod: map(await pods, (all: EtcdPodObject[]) => parseEtcdPod(all, name)),
        kubelet,
        host: seen.host,
        view: seen.view,
        certificates: certificatesOf(name, secrets, await allCerts),
        room: seen.room,
      };
      return { master, node, machines: whole };
    }),
  );
}

function readNodeObject(look: ApiLook, name: string): Promise<Reading<MasterNodeObject>> {
  return read(look, `GET nodes/${name}`, (api) => platform.readMasterNode(api, name));
}

export async function readMaster(look: ApiLook, name: string): Promise<EtcdMaster['node']> {
  return map(await readNodeObject(look, name), parseMasterNode);
}

async function machineOf(
  name: string,
  node: Reading<MasterNodeObject>,
  machines: Promise<Reading<MachineObject[] | undefined>>,
): Promise<EtcdMaster['machine']> {
  const all = await machines;
  if (!all.known) return all;
  // Without the node's own word a Machine that names it in its status may still be found.
  const annotations = valueOf(node)?.metadata?.annotations;
  try {
    return known(parseMachine(all.value ?? [], { name, annotations }), `${all.source} of ${name}`);
  } catch (error) {
    return { known: false, why: (error as Error).message, source: all.source };
  }
}

function readKubeletWord(look: ApiLook, name: string): Promise<EtcdMaster['kubelet']> {
  return read(look, `GET leases/${name} in kube-node-lease`, async (api) => {
    const lease = await readLease(api, 'kube-node-lease', name);
    return parseKubeletWord(lease, Date.now() + api.clockOffsetMs());
  });
}

function readOwnSecrets(look: ApiLook, node: string): Promise<Reading<NodeCertificates['secrets']>> {
  const names = certificateSecrets(node);
  return read(look, `GET secrets ${names.join(', ')}`, (api) =>
    Promise.all(names.map(async (name) => factsOfSecret(name, await platform.readEtcdSecret(api, name)))),
  );
}

/** Holds private keys: only what `factsInAllCerts` makes of it leaves this file. */
function readAllCerts(look: ApiLook) {
  return read(look, `GET secrets/${allCertsSecret}`, (api) => platform.readEtcdSecret(api, allCertsSecret));
}

export async function readCertificates(look: ApiLook, node: string): Promise<EtcdMaster['certificates']> {
  const [secrets, allCerts] = await Promise.all([readOwnSecrets(look, node), readAllCerts(look)]);
  return certificatesOf(node, secrets, allCerts);
}

function certificatesOf(
  node: string,
  secrets: Reading<NodeCertificates['secrets']>,
  allCerts: Reading<Awaited<ReturnType<typeof platform.readEtcdSecret>>>,
): EtcdMaster['certificates'] {
  if (!secrets.known) return secrets;
  if (!allCerts.known) return allCerts;
  const value = { secrets: secrets.value, inAllCerts: factsInAllCerts(node, allCerts.value) };
  return known(value, `${secrets.source}, ${allCertsSecret}`);
}

function map<T, U>(reading: Reading<T>, how: (value: T) => U): Reading<U> {
  return reading.known ? known(how(reading.value), reading.source) : reading;
}
