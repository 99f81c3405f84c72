import { waitUntil } from '../cluster/wait.ts';
import type { Lab } from '../handle.ts';

/** A member as its peers list it. */
export interface EtcdMember {
  /** Hexadecimal, as etcdctl takes it. */
  id: string;
  /** Empty while it has never started. */
  name: string;
  peerUrl: string;
}

export function peerUrlOf(address: string): string {
  return `https://${address}:2380`;
}

/** The members as the first master that is not `node` lists them. */
export async function membersWithout(lab: Lab, node: string): Promise<EtcdMember[]> {
  return parseMembers(await lab.etcdctl(survivorOf(lab, node), ['member', 'list']));
}

/** Etcdctl's plain list: "id, started, name, peer urls, client urls, learner". Its JSON has ids that lose digits. */
export function parseMembers(list: string): EtcdMember[] {
  return list
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [id = '', , name = '', peerUrl = ''] = line.split(', ');
      return { id, name, peerUrl };
    });
}

export function survivorOf(lab: Lab, node: string): string {
  const survivor = lab.masters.find((master) => master !== node);
  if (survivor === undefined) throw new Error(`There is no master beside ${node}.`);
  return survivor;
}

/** Waits until the node's member answers a linearizable read. */
export async function untilEtcdHealthy(lab: Lab, node: string, signal?: AbortSignal): Promise<void> {
  const healthy = async (): Promise<true> => {
    await lab.etcdctl(node, ['endpoint', 'health']);
    return true;
  };
  await waitUntil(`${node}: etcd healthy`, healthy, { withinMs: 5 * 60_000, everyMs: 1000, signal });
}

export async function isEtcdHealthy(lab: Lab, node: string): Promise<boolean> {
  return lab.etcdctl(node, ['endpoint', 'health']).then(
    () => true,
    () => false,
  );
}

/** The node's etcd container as the runtime has it: how often it was started, and whether it runs now. */
export async function etcdContainer(
  lab: Lab,
  node: string,
): Promise<{ id: string; restarts: number } | undefined> {
  return (await lab.containers(node)).find(({ name, pod }) => name === 'etcd' && pod.startsWith('etcd-'));
}
