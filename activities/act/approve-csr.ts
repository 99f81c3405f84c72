import { matchCsr } from '../../domain/kubelet/csr.ts';
import { certificateFault } from '../../domain/kubelet/proof.ts';
import type { ClientCsr } from '../../domain/control-plane.ts';
import { createBudget, noLimits } from '../connections/budget.ts';
import type { ClusterConnection } from '../connections/cluster.ts';
import { connectTo } from '../connections/cluster-api.ts';
import type { Kubernetes } from '../connections/kubernetes.ts';
import { isConflict } from '../connections/kubernetes-errors.ts';
import type { NodeLane } from '../connections/node-lane.ts';
import type { Condition, CsrObject } from '../connections/objects.ts';
import { listClientCsrs, readCsr } from '../connections/reads.ts';
import { putApproval } from '../connections/writes.ts';
import type { ActActivities, ApproveCsrInput } from '../contract.ts';
import { failure, isFailure } from '../failure.ts';
import { pause } from '../heartbeat.ts';
import { lookAtNode } from '../observe/node.ts';
import { conditionOf, parseCsr, parseCsrs } from '../observe/parse-objects.ts';

const POLL_MS = 300;
const LOOK_MS = 15_000;
const WAIT_FOR_REQUEST_MS = 30_000;
const WAIT_FOR_CERTIFICATE_MS = 20_000;
/**
 * The first match may not be the last: the process that our restart ended, or somebody else with the token that every
 * node holds, may have filed one a moment earlier, and a kubelet waits for the certificate of its newest request only.
 */
const SETTLE_MS = 2000;
const APPROVAL_REASON = 'ApprovedByControlPlaneRecovery';

/**
 * Waits for exactly one request that was not there before the restart and is what was approved; approves that one by its
 * resourceVersion; waits until it is signed. A node with a valid certificate of its own needs none of it. `by` goes into the approval's message, for the audit.
 */
export async function approveKubeletCsr(
  cluster: ClusterConnection,
  lane: NodeLane,
  input: ApproveCsrInput,
  { by, signal, settleMs = SETTLE_MS }: { by: string; signal: AbortSignal; settleMs?: number },
): ReturnType<ActActivities['approveKubeletCsr']> {
  const over = new AbortController();
  const api = await connectTo(cluster, lane, { budget: createBudget(noLimits()), signal });
  try {
    // While the request settles the node is asked: until its certificate is there the kubelet asks for its Node ever more seldom, so that a
    // second more here is several until it is back. Nothing is approved before both are known.
    const request = findRequest(api, input, AbortSignal.any([signal, over.signal]), settleMs);
    request.catch(() => {});
    if (await hasOwnCertificate(lane, input, signal)) {
      const sentence = `${input.node} has a valid client certificate of its own already: nothing is left to approve`;
      return { changed: false, sentence, name: '', uid: '' };
    }
    const { name, uid } = await request;
    const changed = await approve(api, { name, uid }, input, by);
    await waitUntilIssued(api, name, uid, signal);
    const sentence = changed
      ? `approved request ${name} of ${input.commonName}; its certificate is issued`
      : `request ${name} of ${input.commonName} was approved already; its certificate is issued`;
    return { changed, sentence, name, uid };
  } finally {
    over.abort();
    api.close();
  }
}

/**
 * A person may have approved the request by hand while the step was blocked: then the kubelet files no other, and waiting
 * for one would never end. A node that cannot be asked now is no obstacle, since the request is in the API.
 */
async function hasOwnCertificate(
  lane: NodeLane,
  { node }: ApproveCsrInput,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const { kubelet } = await lookAtNode(lane, node, { signal, timeoutMs: LOOK_MS });
    return certificateFault(kubelet.clientCertificate, node, kubelet.nodeTime) === undefined;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

/** The requests as they are now. */
export async function listRequests(api: Kubernetes): Promise<ClientCsr[]> {
  return parseCsrs(await listClientCsrs(api));
}

/** The only match, twice: a pending one must still be alone after `settleMs`. */
async function findRequest(
  api: Kubernetes,
  input: ApproveCsrInput,
  signal: AbortSignal,
  settleMs: number,
): Promise<ClientCsr> {
  const deadline = Date.now() + WAIT_FOR_REQUEST_MS;
  let seen: string | undefined;
  for (;;) {
    const found = matchCsr(await listRequests(api), input);
    if (found.match === 'several') throw severalMatch(found.csrs);
    if (found.match === 'one') {
      if (found.csr.uid === seen || found.csr.state === 'Approved') return found.csr;
      seen = found.csr.uid;
      await pause(settleMs, signal);
      continue;
    }
    const [closed] = found.closed;
    if (closed)
      throw failure('CsrDenied', `request ${closed.name} of ${input.commonName} is ${closed.state}`);
    if (Date.now() >= deadline) {
      throw failure('CsrNotYetThere', `no new request of ${input.commonName} since the restart`);
    }
    await pause(POLL_MS, signal);
  }
}

/** A name can be used again for another request; a UID cannot. */
type Named = Pick<ClientCsr, 'name' | 'uid'>;

function severalMatch(csrs: ClientCsr[]): Error {
  const names = csrs.map(({ name, uid }) => `${name} (${uid})`).join(', ');
  return failure('TwoMatchingCsrs', `${csrs.length} new requests match, so none is approved: ${names}`);
}

/** True when we approved it, false when it was approved already. Judged again on the very object that is sent back. */
function approve(api: Kubernetes, named: Named, input: ApproveCsrInput, by: string): Promise<boolean> {
  return approveNamed(api, named, (csr) => matchCsr([parseCsr(csr)], input).match === 'one', by);
}

/** The same for any request whose name and UID are known; `isIt` says whether it is still what was approved. */
export async function approveNamed(
  api: Kubernetes,
  { name, uid }: Named,
  isIt: (csr: CsrObject) => boolean,
  by: string,
): Promise<boolean> {
  const approval: Condition = {
    type: 'Approved',
    status: 'True',
    reason: APPROVAL_REASON,
    message: `approved on behalf of a person by ${by}`,
  };
  for (let attempt = 1; ; attempt += 1) {
    const csr = await readAgain(api, { name, uid }, isIt);
    if (conditionOf(csr.status?.conditions, 'Approved')) return false;
    try {
      await putApproval(api, csr, approval);
      return true;
    } catch (error) {
      if (isConflict(error) && attempt < 5) continue;
      // The answer was lost, not necessarily the approval.
      if (isFailure(error, 'ApiUnreachable') && (await isApprovedByUs(api, { name, uid }, approval)))
        return true;
      throw isConflict(error) ? failure('ApiUnreachable', `request ${name} changes too fast`) : error;
    }
  }
}

async function readAgain(
  api: Kubernetes,
  { name, uid }: Named,
  isIt: (csr: CsrObject) => boolean,
): Promise<CsrObject> {
  const csr = await readCsr(api, name);
  if (!csr) throw failure('CsrNotYetThere', `request ${name} is gone`);
  if (csr.metadata?.uid !== uid)
    throw failure('PreconditionFailed', `request ${name} was replaced by another`);
  if (!isIt(csr)) throw failure('PreconditionFailed', `request ${name} is no longer what was approved`);
  return csr;
}

async function isApprovedByUs(api: Kubernetes, { name, uid }: Named, approval: Condition): Promise<boolean> {
  const csr = await readCsr(api, name).catch(() => undefined);
  if (csr?.metadata?.uid !== uid) return false;
  const found = conditionOf(csr?.status?.conditions, 'Approved');
  return found !== undefined && found.reason === approval.reason && found.message === approval.message;
}

/** Throws `CsrNotIssued` when nobody signs it in time, `CsrDenied` when somebody has closed it. */
export async function waitUntilIssued(
  api: Kubernetes,
  name: string,
  uid: string,
  signal: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + WAIT_FOR_CERTIFICATE_MS;
  for (;;) {
    const csr = await readCsr(api, name);
    if (csr?.metadata?.uid !== uid)
      throw failure('PreconditionFailed', `request ${name} was replaced by another`);
    const { state, issued } = parseCsr(csr);
    if (issued) return;
    if (state === 'Denied' || state === 'Failed') {
      throw failure('CsrDenied', `request ${name} was approved, but is now ${state}`);
    }
    if (Date.now() >= deadline) {
      throw failure(
        'CsrNotIssued',
        `request ${name} is approved but not signed: is the controller manager well?`,
      );
    }
    await pause(POLL_MS, signal);
  }
}
