import type { Api } from '../cluster/api.ts';
import { ETCD, type EtcdResource } from './board.ts';
import { getIfAny, NAMESPACE, pathOf, type DataKind, type DataObject } from './objects.ts';
import { operandOf, type PodObject } from './operand.ts';
import type { Machine, Master, Operand } from './rules/types.ts';

const MACHINES = '/apis/machine.openshift.io/v1beta1/namespaces/openshift-machine-api/machines';
export const MASTERS = '/api/v1/nodes?labelSelector=node-role.kubernetes.io%2Fmaster';

/** What the operator's controllers decide by: the cluster as the API showed it at one moment. */
export interface View {
  etcd: EtcdResource;
  masters: readonly Master[];
  /** Undefined where the cluster has no Machines: then the Machine API does not function. */
  machines: readonly Machine[] | undefined;
  /** Everything in openshift-etcd. */
  pods: readonly PodObject[];
  operands: readonly Operand[];
  object(kind: DataKind, name: string): DataObject | undefined;
  names(kind: DataKind): readonly string[];
  /** Changes with every change of Nodes, Machines and the namespace's ConfigMaps: what wakes the removal controller. */
  events: string;
}

interface List<T> {
  items: T[];
}

export interface NodeObject {
  metadata: { name: string; resourceVersion: string };
  status: {
    addresses?: { type: string; address: string }[];
    conditions?: {
      type: string;
      status: string;
      reason: string;
      message: string;
      lastTransitionTime: string;
    }[];
  };
}

interface MachineObject {
  metadata: { name: string; resourceVersion: string; deletionTimestamp?: string };
  spec?: { lifecycleHooks?: { preDrain?: { name: string; owner: string }[] } };
  status?: { addresses?: { type: string; address: string }[] };
}

/** Fails as a whole when anything cannot be read: half a view decides nothing. */
export async function readView(api: Api): Promise<View> {
  const [etcd, nodes, machines, pods, configMaps, secrets] = await Promise.all([
    api.get<EtcdResource>(ETCD),
    api.get<List<NodeObject>>(MASTERS),
    getIfAny<List<MachineObject>>(api, MACHINES),
    api.get<List<PodObject>>(`/api/v1/namespaces/${NAMESPACE}/pods`),
    api.get<List<DataObject>>(pathOf('configmap')),
    api.get<List<DataObject>>(pathOf('secret')),
  ]);
  const objects = { configmap: byName(configMaps.items), secret: byName(secrets.items) };
  const watched = [...nodes.items, ...(machines?.items ?? []), ...configMaps.items];
  const masters = nodes.items.map(masterOf).toSorted((a, b) => a.name.localeCompare(b.name));
  return {
    etcd,
    masters,
    machines: machines && machines.items.length > 0 ? machines.items.map(machineOf) : undefined,
    pods: pods.items,
    operands: pods.items.map(operandOf).filter((operand) => operand !== undefined),
    object: (kind, name) => objects[kind].get(name),
    names: (kind) => [...objects[kind].keys()],
    events: watched.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).join(' '),
  };
}

function byName(items: readonly DataObject[]): Map<string, DataObject> {
  return new Map(items.map((item) => [item.metadata.name, item]));
}

export function masterOf({ metadata, status }: NodeObject): Master {
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  return {
    name: metadata.name,
    address: internalAddresses(status.addresses)[0] ?? '',
    ready: ready?.status === 'True',
    since: ready?.lastTransitionTime ?? '',
    reason: ready?.reason ?? '',
    message: ready?.message ?? '',
  };
}

function machineOf({ metadata, spec, status }: MachineObject): Machine {
  const hooks = spec?.lifecycleHooks?.preDrain ?? [];
  return {
    name: metadata.name,
    addresses: internalAddresses(status?.addresses),
    deleting: metadata.deletionTimestamp !== undefined,
    hooked: hooks.some(
      ({ name, owner }) => name === 'EtcdQuorumOperator' && owner === 'clusteroperator/etcd',
    ),
  };
}

function internalAddresses(addresses: { type: string; address: string }[] = []): string[] {
  return addresses.filter(({ type }) => type === 'InternalIP').map(({ address }) => address);
}
