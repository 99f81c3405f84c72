import { startByApi } from '../../domain/kubelet/clocks.ts';
import { mismatchesOf } from '../../domain/kubelet/csr.ts';
import type { CsrPredicate, PinnedFile } from '../../domain/plan.ts';
import { createBudget, noLimits } from '../connections/budget.ts';
import { connectTo } from '../connections/cluster-api.ts';
import type { NodeLane } from '../connections/node-lane.ts';
import type { NodeRef, RunRef } from '../contract.ts';
import { failure } from '../failure.ts';
import type { LadderActivities } from '../kubelet-contract.ts';
import { lookAtNode } from '../observe/node.ts';
import { listRequests } from './approve-csr.ts';
import type { OwnReach } from './own-request.ts';

/** The small acts of the other rungs: one script on the node each, and R0's look before it approves. */

const LOOK_MS = 25_000;

/** A request that is older than the kubelet which runs is issued and useless; of two younger ones nobody can tell the newest of. */
export async function noteWaitingRequest(
  { cluster, lane, signal }: OwnReach,
  { node, csr }: NodeRef & { csr: CsrPredicate },
): ReturnType<LadderActivities['noteWaitingRequest']> {
  const api = await connectTo(cluster, lane, { budget: createBudget(noLimits()), signal });
  try {
    const asked = Date.now();
    const [{ kubelet }, requests] = await Promise.all([
      lookAtNode(lane, node, { signal, timeoutMs: LOOK_MS }),
      listRequests(api),
    ]);
    const { startedAt } = kubelet.unit;
    if (startedAt === undefined) throw failure('PreconditionFailed', `the kubelet on ${node} does not run`);
    const own = requests.filter((one) => one.commonName === csr.commonName);
    const since = startByApi(kubelet, asked + api.clockOffsetMs());
    const isYoung = (createdAt: string) => Date.parse(createdAt) >= since;
    const waiting = own.filter(
      (one) => isYoung(one.createdAt) && one.state !== 'Denied' && mismatchesOf(one, csr).length === 0,
    );
    if (waiting.length > 1) {
      const names = waiting.map(({ name, uid }) => `${name} (${uid})`).join(', ');
      throw failure(
        'TwoMatchingCsrs',
        `${waiting.length} requests are younger than the kubelet's start: ${names}`,
      );
    }
    if (waiting.length === 0)
      throw failure('CsrNotYetThere', `no request of ${node} since its kubelet started`);
    const [{ uid }] = waiting as [(typeof waiting)[number]];
    return { before: own.filter((one) => one.uid !== uid).map((one) => one.uid), startedAt };
  } finally {
    api.close();
  }
}

export async function relinkCertificate(
  lane: NodeLane,
  { node, runId, kept }: RunRef & { kept: PinnedFile },
  signal: AbortSignal,
): ReturnType<LadderActivities['relinkCertificate']> {
  const args = [node, kept.path, kept.sha256];
  const said = await lane.run({ node, runId, script: 'relink-certificate.sh', args, signal });
  const changed = said['changed'] === 'yes';
  const sentence = changed
    ? `the kubelet's client certificate on ${node} is a link to ${kept.path}`
    : `the kubelet's client certificate on ${node} was linked already`;
  return { changed, sentence };
}

export async function withdrawAdmin(
  lane: NodeLane,
  { node, runId, means }: Parameters<LadderActivities['withdrawAdmin']>[0],
  signal: AbortSignal,
): ReturnType<LadderActivities['withdrawAdmin']> {
  const args = [node, means];
  const said = await lane.run({ node, runId, script: 'withdraw-admin.sh', args, signal });
  const changed = said['changed'] === 'yes';
  const removed = (said['removed'] ?? '').split(' ').join(', ');
  const sentence = changed
    ? `cluster-admin is gone from ${removed} on ${node}`
    : `cluster-admin was not there any more on ${node}`;
  return { changed, sentence };
}

export async function lendAdmin(
  lane: NodeLane,
  input: Parameters<LadderActivities['lendAdmin']>[0],
  signal: AbortSignal,
): ReturnType<LadderActivities['lendAdmin']> {
  const { node, runId, admin, place, expectedBootstrapSha256 } = input;
  const args = [node, admin.path, admin.sha256, place, expectedBootstrapSha256];
  const said = await lane.run({ node, runId, script: 'install-admin.sh', args, signal });
  const what = place === 'bootstrap' ? 'bootstrap file' : 'kubeconfig';
  const changed = said['changed'] === 'yes';
  const sentence = changed
    ? `BREAK-GLASS: the kubelet's ${what} on ${node} is a copy of ${admin.path}`
    : `the kubelet's ${what} on ${node} was a copy of ${admin.path} already`;
  return { changed, sentence };
}
