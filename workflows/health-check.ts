import {
  ApplicationFailure,
  isCancellation,
  ParentClosePolicy,
  startChild,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { LastRecovery } from '../activities/contract.ts';
import type { Observation, ObservationCost } from '../domain/control-plane.ts';
import type { Finding } from '../domain/finding.ts';
import { dampedBecause } from '../domain/damping.ts';
import type { RecoveryRequest } from '../domain/run.ts';
import {
  clusterQueue,
  recoveryWorkflowId,
  type HealthCheckInput,
  type HealthCheckResult,
} from './messages.ts';
import { decisions, handsOn, labelled, runHistory } from './steps/activities.ts';
import { describeFailure } from './steps/failures.ts';

type Proposal = Pick<HealthCheckResult, 'recovery' | 'notProposed'>;

/**
 * One bounded look at a cluster and what it means. With `propose`, a finding that KubeletAuthRecovery mends starts it; it
 * then waits at its gate. One incident however often this runs: the recovery's workflow id is the cluster's lock.
 */
export async function HealthCheck(input: HealthCheckInput): Promise<HealthCheckResult> {
  const { cluster, propose } = readInput(input);
  const at = new Date().toISOString();
  const seen = await look(cluster);
  if ('failed' in seen)
    return { cluster, at, healthy: false, findings: [nobodyLooked(cluster, seen.failed)], cost: nothing };

  const { observation } = seen;
  const findings = await decisions.diagnoseObservation.executeWithOptions(labelled('Diagnose'), [
    { observation },
  ]);
  const result: HealthCheckResult = {
    cluster,
    at: observation.at,
    healthy: findings.every((finding) => finding.severity === 'info'),
    findings,
    cost: observation.cost,
  };
  const mendable = findings.filter(isMendable);
  if (propose && mendable.length > 0) Object.assign(result, await proposeOrSayWhyNot(observation, mendable));
  return result;
}

/** What was found is worth more than the proposal: a step on the way to it that fails must not take the findings along. */
async function proposeOrSayWhyNot(observation: Observation, mendable: Finding[]): Promise<Proposal> {
  try {
    return await proposeRecovery(observation, mendable);
  } catch (error) {
    if (isCancellation(error)) throw error;
    const { message } = describeFailure(error);
    return { notProposed: `Whether a recovery may be proposed could not be found out: ${message}` };
  }
}

/** Here a silent cluster is news, not something to wait for: the next check comes by itself. */
async function look(cluster: string): Promise<{ observation: Observation } | { failed: string }> {
  const options = { ...labelled(`Look at ${cluster}`), scheduleToCloseTimeout: '60s' as const };
  try {
    return {
      observation: await handsOn(cluster).observe.observeControlPlane.executeWithOptions(options, [
        { cluster },
      ]),
    };
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { failed: describeFailure(error).message };
  }
}

const nothing: ObservationCost = { apiCalls: 0, bytes: 0, milliseconds: 0 };

function nobodyLooked(cluster: string, why: string): Finding {
  return {
    code: 'ApiUnreachable',
    severity: 'critical',
    sentence: `${cluster} could not be looked at: ${why}`,
    evidence: [{ fact: why, source: `activity observeControlPlane on queue ${clusterQueue(cluster)}` }],
    remedy: { page: 'docs/findings.md#apiunreachable' },
  };
}

/** EtcdRecovery is named by findings before it exists: only what this version can start counts. */
function isMendable(finding: Finding): boolean {
  return 'runbook' in finding.remedy && finding.remedy.runbook === 'KubeletAuthRecovery';
}

/** Starts the recovery, or says why not. A recovery that would be refused is not started: the finding says enough. */
async function proposeRecovery(observation: Observation, mendable: Finding[]): Promise<Proposal> {
  const { cluster } = observation;
  const workflowId = recoveryWorkflowId(cluster);
  const last = await runHistory.lastRecovery.executeWithOptions(labelled('Look for an earlier recovery'), [
    { workflowId },
  ]);
  if (last.state === 'running') {
    return {
      recovery: {
        workflowId,
        started: false,
        sentence: `${last.runbook} has been open since ${last.startedAt}.`,
      },
    };
  }
  const [only, ...others] = mendable;
  const request: RecoveryRequest = { cluster, requester: 'health-check', origin: 'health-check' };
  if (only?.node !== undefined && others.length === 0) request.node = only.node;
  const why = await reasonNotToPropose(observation, request, last);
  return why === undefined ? await start(workflowId, request, only?.sentence ?? '') : { notProposed: why };
}

/**
 * Decides just as the recovery would, and compares with what was turned down last: the digest of the plan is its evidence.
 * The earlier run's id stands in the plan, so it is put into this one too.
 */
async function reasonNotToPropose(
  observation: Observation,
  request: RecoveryRequest,
  last: LastRecovery,
): Promise<string | undefined> {
  const { cluster } = request;
  const { policy, scripts } = await handsOn(cluster).observe.readPolicy.executeWithOptions(
    { ...labelled('Read the policy'), scheduleToCloseTimeout: '60s' },
    [{ cluster }],
  );
  const runId = (last.state === 'closed' ? last.runId : undefined) ?? 'proposal';
  const now = new Date().toISOString();
  const verdict = await decisions.decideKubeletAuthRecovery.executeWithOptions(labelled('Decide'), [
    { observation, request, policy, runId, scripts, now },
  ]);
  if (verdict.kind !== 'proceed') return verdict.because;
  if (policy.approvals === 'none')
    return `The inventory does not say how ${cluster} is approved: "approvals" is absent.`;
  return dampedBecause(last, verdict.digest, policy, now);
}

async function start(workflowId: string, request: RecoveryRequest, found: string): Promise<Proposal> {
  const { cluster, node = 'the affected master' } = request;
  try {
    await startChild('KubeletAuthRecovery', {
      workflowId,
      args: [request],
      // The check ends here; the recovery waits for people, and outlives it.
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      staticSummary: `KubeletAuthRecovery ${cluster}: ${node}`,
      staticDetails: `Proposed by the health check. ${found}\n\nWhat it asks for stands in the current details.`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return {
      recovery: { workflowId, started: false, sentence: 'Another recovery was started at the same moment.' },
    };
  }
  return {
    recovery: { workflowId, started: true, sentence: `KubeletAuthRecovery of ${node} waits at its gate.` },
  };
}

function readInput(input: unknown): HealthCheckInput {
  const { cluster, propose } = (typeof input === 'object' && input !== null ? input : {}) as Record<
    string,
    unknown
  >;
  if (typeof cluster === 'string' && cluster.trim() !== '' && typeof propose === 'boolean')
    return { cluster, propose };
  throw ApplicationFailure.nonRetryable(
    'Input is for example {"cluster":"prod-eu-1","propose":false}',
    'BadRequest',
  );
}
