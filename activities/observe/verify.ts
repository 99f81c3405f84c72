import {
  certificateFault,
  proveGraduated,
  proveRecovered,
  proveServing,
  type Proof,
} from '../../domain/kubelet/proof.ts';
import { createBudget, noLimits } from '../connections/budget.ts';
import type { ClusterConnection } from '../connections/cluster.ts';
import { connectTo } from '../connections/cluster-api.ts';
import type { Kubernetes } from '../connections/kubernetes.ts';
import type { NodeLane } from '../connections/node-lane.ts';
import { listPodsOn } from '../connections/reads.ts';
import type { VerifyInput, VerifyResult } from '../contract.ts';
import { failure, sentenceOf } from '../failure.ts';
import { pause } from '../heartbeat.ts';
import { readNodeStatus } from './control-plane.ts';
import { lookAtNode } from './node.ts';
import type { NodeLook } from './parse-kubelet.ts';
import { parseMirrorPods } from './parse-objects.ts';

const POLL_MS = 700;

/** Looks again and again until every proof has held without a break for `soakMs`. Throws `NotYetHealthy` or `IdentityMissing` with what is missing. */
export async function verifyKubeletRecovery(
  cluster: ClusterConnection,
  lane: NodeLane,
  input: VerifyInput,
  signal: AbortSignal,
): Promise<VerifyResult> {
  const api = await connectTo(cluster, lane, { budget: createBudget(noLimits()), signal });
  const deadline = Date.now() + input.timeoutMs;
  let heldSince: number | undefined;
  try {
    for (;;) {
      const look = await lookOnce(api, lane, input, signal);
      const now = Date.now();
      if (look.missing.length > 0 || !look.seen) heldSince = undefined;
      else {
        heldSince ??= now;
        if (now - heldSince >= input.soakMs) return { proofs: look.proofs, evidence: look.seen.kubelet };
      }
      if (now >= deadline) throw notYet(input, look);
      await pause(POLL_MS, signal);
    }
  } finally {
    api.close();
  }
}

interface Look extends Proof {
  seen?: NodeLook;
}

/** A look that fails is one that proves nothing; the next one may. */
async function lookOnce(
  api: Kubernetes,
  lane: NodeLane,
  input: VerifyInput,
  signal: AbortSignal,
): Promise<Look> {
  try {
    const asked = Date.now();
    const [seen, node, pods] = await Promise.all([
      lookAtNode(lane, input.node, { signal, runId: input.runId }),
      readNodeStatus(api, input.node),
      listPodsOn(api, input.node),
    ]);
    const prove = { graduated: proveGraduated, recovered: proveRecovered, serving: proveServing }[
      input.stage
    ];
    // The node's answer is the later of the two by its way there: a start that seems earlier, never later than it was.
    const apiAheadMs = asked + api.clockOffsetMs() - Date.parse(seen.kubelet.nodeTime);
    const mirrorPods = parseMirrorPods(pods);
    const proof = prove({ ...seen, node, mirrorPods }, { ...input, apiAheadMs });
    return { ...proof, seen };
  } catch (error) {
    signal.throwIfAborted();
    return { proofs: [], missing: [sentenceOf(error)] };
  }
}

function notYet({ node, timeoutMs, soakMs, stage }: VerifyInput, { missing, seen }: Look): Error {
  const wanting = missing.length === 0 ? `it has not yet held for ${soakMs / 1000} s` : missing.join('; ');
  const { clientCertificate, nodeTime } = seen?.kubelet ?? {};
  const hasNone =
    stage !== 'serving' &&
    clientCertificate &&
    certificateFault(clientCertificate, node, nodeTime ?? '') !== undefined;
  return failure(
    hasNone ? 'IdentityMissing' : 'NotYetHealthy',
    `${node} is not proved healthy after ${timeoutMs / 1000} s: ${wanting}`,
  );
}
