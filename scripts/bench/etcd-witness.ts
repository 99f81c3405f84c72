import { setTimeout as sleep } from 'node:timers/promises';
import { parseEtcdOperator } from '../../activities/observe/parse-platform.ts';
import { unsettledIn } from '../../domain/etcd/proof.ts';
import { rollOutOf } from '../../domain/etcd/roll-out.ts';
import { ETCD_CERTS } from '../../lab/cluster/paths.ts';
import { peerUrlOf, survivorOf } from '../../lab/faults/etcd-members.ts';
import type { Lab } from '../../lab/lab.ts';
import { ETCD } from '../../lab/operator/board.ts';
import { openEtcd, type EtcdClient } from '../../lab/operator/etcd-client.ts';
import type { Seen } from './etcd-shares.ts';

/** Somebody with admin rights who stands beside a recovery and notes when things are so; the run knows nothing of it. */
export interface Witness extends Seen, AsyncDisposable {}

interface Sample {
  at: number;
  voter: boolean;
  whole: boolean;
}

/** Often enough beside seconds, and seldom enough not to be the load that is measured. */
const EVERY_MS = 400;

/** Looks at the operator's status, and at etcd through the node's own member and another one. */
export async function watchEtcd(lab: Lab, node: string): Promise<Witness> {
  const ask = await etcdAt(lab, survivorOf(lab, node));
  const samples: Sample[] = [];
  const stop = new AbortController();
  const work = (async () => {
    while (!stop.signal.aborted) {
      const at = Date.now();
      samples.push({ at, ...(await sample(lab, node, ask)) });
      await sleep(EVERY_MS, undefined, { signal: stop.signal }).catch(() => {});
    }
  })();
  return {
    voterAt: (since) => samples.find(({ at, voter }) => voter && at >= since)?.at,
    wholeAt: () => samples[samples.findLastIndex(({ whole }) => !whole) + 1]?.at,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await work;
    },
  };
}

async function sample(
  lab: Lab,
  node: string,
  ask: (node: string) => EtcdClient,
): Promise<{ voter: boolean; whole: boolean }> {
  const voters = await votersThrough(ask(survivorOf(lab, node)));
  const peer = peerUrlOf(lab.address(node));
  const voter = voters.includes(peer) && (await votersThrough(ask(node))).includes(peer);
  const whole = voter && voters.length === lab.masters.length && (await hasSettled(lab));
  return { voter, whole };
}

/** A linearizable read, so that the member that is asked has a quorum; none where it does not answer. */
async function votersThrough(etcd: EtcdClient): Promise<string[]> {
  const members = await etcd.members().catch(() => []);
  return members
    .filter(({ learner, clientUrls }) => !learner && clientUrls.length > 0)
    .flatMap((one) => one.peerUrls);
}

async function hasSettled({ api, masters }: Lab): Promise<boolean> {
  try {
    const operator = parseEtcdOperator(await api.get(ETCD));
    return unsettledIn(operator, rollOutOf(operator, [...masters])).length === 0;
  } catch {
    return false;
  }
}

async function etcdAt(lab: Lab, holder: string): Promise<(node: string) => EtcdClient> {
  const file = async (path: string) => (await lab.sh(holder, ['cat', `${ETCD_CERTS}/${path}`])).stdout;
  const [ca, cert, key] = await Promise.all([
    file('configmaps/etcd-all-bundles/server-ca-bundle.crt'),
    file(`secrets/etcd-all-certs/etcd-peer-${holder}.crt`),
    file(`secrets/etcd-all-certs/etcd-peer-${holder}.key`),
  ]);
  return (node) => openEtcd({ ca, cert, key }, () => [`https://${lab.address(node)}:2379`], 0);
}
