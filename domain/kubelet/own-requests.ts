import type { ClientCsr, Observation } from '../control-plane.ts';
import { valueOf } from '../reading.ts';
import type { Seen } from './classes.ts';
import { startByApi } from './clocks.ts';
import { mismatchesOf } from './csr.ts';
import { csrPredicate } from './names.ts';

/** Requests that the kubelet which runs now may have filed: only what is younger than its start can be its own. */
export function ownRequests({ master, kubelet, observation }: Seen): ClientCsr[] {
  const since = startByApi(kubelet, Date.parse(observation.at) + apiAheadMs(observation));
  return matchingCsrs(observation, master.name).filter((csr) => Date.parse(csr.createdAt) >= since);
}

/** The API server's clock minus the worker's. */
export function apiAheadMs({ api }: Pick<Observation, 'api'>): number {
  return valueOf(api)?.clockAheadMs ?? 0;
}

/** Every request that a kubelet of this name could have filed with the bootstrap credential, whatever its state. */
export function matchingCsrs(observation: Observation, node: string): ClientCsr[] {
  return (valueOf(observation.csrs) ?? []).filter(
    (csr) => mismatchesOf(csr, csrPredicate(node)).length === 0,
  );
}
