import { valueOf } from '../reading.ts';
import { canonicalHost, includesHost } from './addresses.ts';
import { ipVariable, urlHostVariable } from './names.ts';
import type { EtcdMaster } from './observation.ts';

/** One place that names an address which the Node does not have. */
export interface Mismatch {
  /** The address it names. */
  says: string;
  what: string;
  source: string;
  /** The target's own pod, or that of another master, which may be of an older revision. */
  own: boolean;
}

/**
 * Where the etcd pods' specs contradict this master's Node, over the pods of all masters. A second address family is no
 * contradiction: each value has to be one of the Node's addresses, not each address a value.
 */
export function specMismatches(master: EtcdMaster, masters: EtcdMaster[]): Mismatch[] {
  const node = valueOf(master.node);
  if (!node) return [];
  return masters.flatMap(({ name, pod }) => {
    const seen = valueOf(pod);
    if (!pod.known || seen?.state !== 'present') return [];
    return [ipVariable(master.name), urlHostVariable(master.name)].flatMap((variable): Mismatch[] => {
      const value = seen.env[variable];
      if (value === undefined || includesHost(node.internalIps, value)) return [];
      const what = `${variable}=${value} in pod etcd-${name}`;
      return [{ says: canonicalHost(value), what, source: pod.source, own: name === master.name }];
    });
  });
}

/** Every address that some pod's spec gives to this master: by these, not by its name, an orphaned member is found to be its. */
export function specAddresses(master: EtcdMaster, masters: EtcdMaster[]): string[] {
  const values = masters.flatMap(({ pod }) => {
    const seen = valueOf(pod);
    if (seen?.state !== 'present') return [];
    return [seen.env[ipVariable(master.name)], seen.env[urlHostVariable(master.name)]];
  });
  return [...new Set(values.flatMap((value) => (value === undefined ? [] : [canonicalHost(value)])))];
}

/** Does the Machine still stand where the node stood? Then the operator neither removes the member nor adds the new one. */
export function machineLags(master: EtcdMaster): boolean {
  const machine = valueOf(master.machine);
  const addresses = valueOf(master.node)?.internalIps;
  // Of a Node that could not be read nobody can say that its Machine does not follow.
  if (!addresses || machine?.state !== 'present') return false;
  return !machine.addresses.some((address) => includesHost(addresses, address));
}
