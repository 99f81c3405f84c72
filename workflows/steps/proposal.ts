import { ParentClosePolicy, startChild, WorkflowIdReusePolicy } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { RecoveryHistory } from '../../activities/contract.ts';
import type { Observation } from '../../domain/control-plane.ts';
import { dampedBecause, proposalRunId } from '../../domain/damping.ts';
import type { EtcdObservation } from '../../domain/etcd/observation.ts';
import type { EtcdPolicy } from '../../domain/etcd/policy.ts';
import type { Finding } from '../../domain/finding.ts';
import type { Policy } from '../../domain/policy.ts';
import type { RecoveryRequest } from '../../domain/run.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { recoveryWorkflowId, type HealthCheckResult } from '../messages.ts';
import { decisions, handsOn, labelled } from './activities.ts';

export type Proposal = Pick<HealthCheckResult, 'recovery' | 'notProposed'>;

/** All that a check has seen. */
export interface Looks {
  observation: Observation;
  etcd?: EtcdObservation;
}

/** What this version can start, and for which node. */
export interface Mendable {
  runbook: 'KubeletAuthRecovery' | 'EtcdRecovery' | 'Cleanup';
  /** Absent: none is, or more than one; the decision says what that means. */
  node?: string;
  sentence: string;
}

/**
 * A recovery comes before any tidying: its next run needs, or replaces, what an earlier one has left; but for a lease, under
 * which no member is touched. A kubelet comes before its etcd: without authentication it can neither stop nor replace a pod.
 */
export function mendableOf(findings: Finding[]): Mendable | undefined {
  const isLent = findings.some(({ code }) => code === 'OverrideLeaseLeft');
  const order = isLent
    ? (['KubeletAuthRecovery', 'Cleanup'] as const)
    : (['KubeletAuthRecovery', 'EtcdRecovery', 'Cleanup'] as const);
  for (const runbook of order) {
    const fitting = findings.filter(({ remedy }) => 'runbook' in remedy && remedy.runbook === runbook);
    const [first] = fitting;
    if (!first) continue;
    const nodes = [...new Set(fitting.flatMap(({ node }) => node ?? []))];
    // Two nodes to tidy are tidied one after the other; two to recover are not this runbook's business.
    const node = nodes.length === 1 || runbook === 'Cleanup' ? nodes[0] : undefined;
    return { runbook, sentence: first.sentence, ...(node === undefined ? {} : { node }) };
  }
  return undefined;
}

/** Starts the recovery, or says why not. A recovery that would be refused is not started: the finding says enough. */
export async function proposeRecovery(
  looks: Looks,
  mendable: Mendable,
  history: RecoveryHistory,
  propose: boolean,
): Promise<Proposal> {
  const { cluster } = looks.observation;
  const workflowId = recoveryWorkflowId(cluster);
  const { open } = history;
  if (open) {
    const sentence = `${open.runbook} has been open since ${open.startedAt}.`;
    return { recovery: { workflowId, started: false, sentence } };
  }
  const { node } = mendable;
  const request: RecoveryRequest = { cluster, requester: 'health-check', origin: 'health-check' };
  if (node !== undefined) request.node = node;
  const why = await reasonNotToPropose(looks, request, mendable, history);
  if (why !== undefined) return { notProposed: why };
  return propose ? await start(workflowId, request, mendable) : {};
}

/** Decides just as the recovery would, and compares with what was turned down: the digest of the plan is its evidence. */
async function reasonNotToPropose(
  looks: Looks,
  request: RecoveryRequest,
  { runbook }: Mendable,
  { closed, leaseWatched }: RecoveryHistory,
): Promise<string | undefined> {
  const { cluster } = request;
  const read = await handsOn(cluster).observe.readPolicy.executeWithOptions(
    { ...labelled('Read the policy'), scheduleToCloseTimeout: '60s' },
    [{ cluster }],
  );
  const { policy } = read;
  const now = new Date().toISOString();
  const verdict = await verdictOf(runbook, looks, { request, read, leaseWatched, now });
  if (verdict.kind === 'wait')
    return `${verdict.because} A recovery that is started now waits for that by itself.`;
  if (verdict.kind !== 'proceed') return verdict.because;
  if (policy.approvals === 'none')
    return `The inventory does not say how ${cluster} is approved: "approvals" is absent.`;
  return dampedBecause(closed, { runbook, digest: verdict.digest }, policy, now);
}

async function verdictOf(
  runbook: Mendable['runbook'],
  { observation, etcd }: Looks,
  asking: {
    request: RecoveryRequest;
    read: { policy: Policy; etcd: EtcdPolicy; scripts: Record<string, string> };
    leaseWatched: boolean;
    now: string;
  },
): Promise<Verdict> {
  const { request, read, leaseWatched, now } = asking;
  const { policy, scripts } = read;
  const label = labelled(`Decide as ${runbook} would`);
  const asked = { observation, request, policy, runId: proposalRunId, scripts, now };
  if (runbook === 'Cleanup')
    return await decisions.decideCleanup.executeWithOptions(label, [{ ...asked, open: [], leaseWatched }]);
  if (runbook === 'EtcdRecovery' && etcd)
    return await decisions.decideEtcdRecovery.executeWithOptions(label, [
      { ...asked, observation: etcd, policy: read.etcd },
    ]);
  return await decisions.decideKubeletAuthRecovery.executeWithOptions(label, [asked]);
}

async function start(workflowId: string, request: RecoveryRequest, mendable: Mendable): Promise<Proposal> {
  const { runbook, sentence: found } = mendable;
  const { cluster, node = runbook === 'Cleanup' ? cluster : 'the affected master' } = request;
  try {
    await startChild(runbook, {
      workflowId,
      args: [request],
      // The check ends here; the recovery waits for people, and outlives it.
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      staticSummary: `${runbook} ${cluster}: ${node}`,
      staticDetails: `Proposed by the health check. ${found}\n\nWhat it asks for stands in the current details.`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return {
      recovery: { workflowId, started: false, sentence: 'Another recovery was started at the same moment.' },
    };
  }
  return {
    recovery: { workflowId, started: true, sentence: `${runbook} of ${node} waits at its gate.` },
  };
}
