import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../handle.ts';
import { membersWithout, peerUrlOf, survivorOf, untilEtcdHealthy } from './etcd-members.ts';
import { putManifestBack, takeManifest, type ManifestFault } from './manifest.ts';
import { on } from './node-health.ts';

const DATA = '/var/lib/etcd';

/**
 * Replaces the node's member by hand, without asking anybody: out of the cluster, data away, in again under the same
 * address. Seven seconds when nothing is in the way (lab-kubernetes, incident 2). Whatever an operator does meanwhile
 * to the same end is welcome: it may remove and add before us.
 */
export async function rejoin(lab: Lab, node: string, fault: string, signal?: AbortSignal): Promise<void> {
  const manifest: ManifestFault = { fault, file: 'etcd-pod.yaml', container: 'etcd', signal };
  await takeManifest(lab, node, manifest);
  await on(lab, node, 'sh', '-c', `rm -rf ${DATA}/*`);
  await replaceMember(lab, node, signal);
  await putManifestBack(lab, node, manifest);
  await untilEtcdHealthy(lab, node, signal);
}

async function replaceMember(lab: Lab, node: string, signal?: AbortSignal): Promise<void> {
  const peerUrl = peerUrlOf(lab.address(node));
  const asker = survivorOf(lab, node);
  const mine = (await membersWithout(lab, node)).filter(
    (member) => member.name === node || member.peerUrl === peerUrl,
  );
  for (const { id } of mine) await lab.etcdctl(asker, ['member', 'remove', id]);
  // etcd refuses a change until its members have agreed on the one before.
  for (let attempt = 0; ; attempt++) {
    const there = (await membersWithout(lab, node)).some((member) => member.peerUrl === peerUrl);
    if (there) return;
    const adding = lab.etcdctl(asker, ['member', 'add', node, `--peer-urls=${peerUrl}`]);
    const error = await adding.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error === undefined) return;
    if (attempt === 20) throw error;
    await sleep(1000, undefined, { signal });
  }
}
