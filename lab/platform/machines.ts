import type { Api } from '../cluster/api.ts';
import { readKnobs } from './knobs.ts';
import type { Loop } from './loops.ts';

export const MACHINE_NAMESPACE = 'openshift-machine-api';
export const MACHINES = `/apis/machine.openshift.io/v1beta1/namespaces/${MACHINE_NAMESPACE}/machines`;

interface Address {
  type: string;
  address: string;
}

interface NodeObject {
  metadata: { name: string };
  status?: { addresses?: Address[] };
}

export interface MachineObject {
  metadata: { name: string; deletionTimestamp?: string };
  status?: { addresses?: Address[]; nodeRef?: { name: string } };
}

export async function listMachines(api: Api): Promise<MachineObject[]> {
  return (await api.get<{ items: MachineObject[] }>(MACHINES)).items;
}

/**
 * Stands in for the provider's Machine controller, as far as addresses go: a Machine's `status.addresses` become
 * those of its node, after the delay that the knob says, or never. Until then the etcd operator neither removes the
 * old member nor adds the new one, and says so only in a verbose log line (operator-behaviour, fact 15; etcd-recovery
 * §3.3 step 4, §3.4); a serving certificate for the new address stays unsigned.
 */
export function machineStatusFollower(): Loop {
  const differsSince = new Map<string, number>();
  return {
    name: 'machine-status',
    everyMs: 1000,
    async step({ lab, now, log }) {
      const [machines, nodes] = await Promise.all([listMachines(lab.api), listNodes(lab.api)]);
      const delay = readKnobs(lab.settings).machineFollowsAfterSeconds;
      for (const machine of machines) {
        const { name } = machine.metadata;
        const wanted = newAddresses(machine, nodes);
        if (wanted === undefined) {
          differsSince.delete(name);
          continue;
        }
        const since = differsSince.get(name) ?? now.getTime();
        differsSince.set(name, since);
        if (delay === 'never' || now.getTime() - since < delay * 1000) continue;
        const status = { addresses: wanted, lastUpdated: now.toISOString() };
        await lab.api.send('PATCH', `${MACHINES}/${name}/status`, { status });
        log(`${name} has now ${wanted.map(({ address }) => address).join(', ')}`);
      }
    },
  };
}

async function listNodes(api: Api): Promise<NodeObject[]> {
  return (await api.get<{ items: NodeObject[] }>('/api/v1/nodes')).items;
}

/** The node's addresses where the Machine says others; undefined where it agrees, or its node says none. */
function newAddresses({ status }: MachineObject, nodes: readonly NodeObject[]): Address[] | undefined {
  const node = nodes.find(({ metadata }) => metadata.name === status?.nodeRef?.name);
  const actual = node?.status?.addresses ?? [];
  if (actual.length === 0 || textOf(actual) === textOf(status?.addresses ?? [])) return undefined;
  return machineAddresses(actual);
}

/** A provider also knows the node's name in its own network. */
export function machineAddresses(addresses: readonly Address[]): Address[] {
  const hostname = addresses.find(({ type }) => type === 'Hostname');
  const internal = hostname ? [{ type: 'InternalDNS', address: hostname.address }] : [];
  return [...addresses.filter(({ type }) => type !== 'InternalDNS'), ...internal];
}

function textOf(addresses: readonly Address[]): string {
  return addresses
    .filter(({ type }) => type !== 'InternalDNS')
    .map(({ type, address }) => `${type}=${address}`)
    .sort()
    .join(' ');
}
