import { isIP } from 'node:net';
import { createBudget } from './budget.ts';
import { connectTo } from './cluster-api.ts';
import type { ClusterConnection } from './cluster.ts';
import type { Kubernetes } from './kubernetes.ts';
import type { NodeLane } from './node-lane.ts';
import type { Address } from './platform-objects.ts';
import { listMachines, readMasterNode } from './platform-reads.ts';

/** Where a master may be that does not answer at the inventory's address; none: nobody knows. Throws only an abort by `signal`. */
export type WhereNow = (node: string, signal?: AbortSignal) => Promise<string[]>;

/** Each of them costs a dial. */
const MOST_ADDRESSES = 3;
const CALL_TIMEOUT_MS = 5000;
/** Four are made; the rest is for finding a way when the endpoint is down too, over three masters with two names each. */
const limits = { apiCalls: 30, bytes: 8 * 1024 * 1024 };

/**
 * Asks the cluster itself: the Node's own addresses, and after them those that its Machine was given. `by` carries a connection
 * to the other masters where the API's endpoint does not answer.
 */
export function askCluster(cluster: ClusterConnection, by: Pick<NodeLane, 'dial'>): WhereNow {
  return async (node, signal) => {
    const budget = createBudget(limits);
    const options = { budget, timeoutMs: CALL_TIMEOUT_MS, ...(signal ? { signal } : {}) };
    try {
      const api = await connectTo(cluster, by, options);
      try {
        const addresses = [...(await ofNode(api, node)), ...(await ofMachine(api, node))];
        // The API does not ask for an address here, and ssh hands what we give it to a shell where there is a ProxyCommand.
        const internal = addresses.flatMap(({ type, address = '' }) =>
          type === 'InternalIP' && isIP(address) !== 0 ? [address] : [],
        );
        return [...new Set(internal)].slice(0, MOST_ADDRESSES);
      } finally {
        api.close();
      }
    } catch {
      signal?.throwIfAborted();
      return [];
    }
  };
}

async function ofNode(api: Kubernetes, name: string): Promise<Address[]> {
  return (await readMasterNode(api, name)).status?.addresses ?? [];
}

/** Without a Machine, or without the right to read one, the Node's word is all there is. */
async function ofMachine(api: Kubernetes, node: string): Promise<Address[]> {
  const machines = (await listMachines(api).catch(() => undefined)) ?? [];
  const own = machines.filter(({ status }) => status?.nodeRef?.name === node);
  return own.flatMap(({ status }) => status?.addresses ?? []);
}
