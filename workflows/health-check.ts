import {
  ApplicationFailure,
  isCancellation,
  ParentClosePolicy,
  startChild,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { pausedBy } from '../domain/brake.ts';
import type { RecoveryHistory } from '../activities/contract.ts';
import type { Observation, ObservationCost } from '../domain/control-plane.ts';
import type { OpenWork } from '../domain/diagnosis/leftovers.ts';
import type { Finding } from '../domain/finding.ts';
import { watchdogId } from '../domain/lease.ts';
import { dampedBecause, proposalRunId } from '../domain/damping.ts';
import { known, unknown, type Reading } from '../domain/reading.ts';
import type { RecoveryRequest } from '../domain/run.ts';
import {
  clusterQueue,
  recoveryWorkflowId,
  type HealthCheckInput,
  type HealthCheckResult,
} from './messages.ts';
import { decisions, handsOn, labelled, runHistory } from './steps/activities.ts';
import { describeFailure } from './steps/failures.ts';
import { readBrake } from './steps/hold.ts';

type Proposal = Pick<HealthCheckResult, 'recovery' | 'notProposed'>;

/**
 * One bounded look at a cluster and what it means. With `propose`, a finding that a runbook mends starts it; it then waits
 * at its gate. One incident however often this runs: the recovery's workflow id is the cluster's lock.
 */
export async function HealthCheck(input: HealthCheckInput): Promise<HealthCheckResult> {
  const { cluster, propose } = readInput(input);
  const result = await check(cluster, propose);
  const brake = await readBrake(cluster);
  if (brake.state !== 'off') result.paused = pausedBy(brake, result.at);
  return result;
}

async function check(cluster: string, propose: boolean): Promise<HealthCheckResult> {
  const at = new Date().toISOString();
  const seen = await look(cluster);
  if ('failed' in seen)
    return { cluster, at, healthy: false, findings: [nobodyLooked(cluster, seen.failed)], cost: nothing };

  const { observation } = seen;
  const history = await readHistory(cluster);
  const open = history.known ? known(openWork(history.value), history.source) : history;
  const findings = await decisions.diagnoseObservation.executeWithOptions(labelled('Diagnose'), [
    { observation, open },
  ]);
  const result: HealthCheckResult = {
    cluster,
    at: observation.at,
    healthy: findings.every((finding) => finding.severity === 'info'),
    findings,
    cost: observation.cost,
  };
  return Object.assign(result, await proposeOrSayWhyNot(observation, findings, history, propose));
}

/** What was found is worth more than the proposal: a step on the way to it that fails must not take the findings along. */
async function proposeOrSayWhyNot(
  observation: Observation,
  findings: Finding[],
  history: Reading<RecoveryHistory>,
  propose: boolean,
): Promise<Proposal> {
  const mendable = mendableOf(findings);
  if (!mendable) return {};
  if (!history.known) return { notProposed: `Earlier recoveries could not be asked for: ${history.why}` };
  try {
    return await proposeRecovery(observation, mendable, history.value, propose);
  } catch (error) {
    if (isCancellation(error)) throw error;
    const { message } = describeFailure(error);
    return { notProposed: `Whether a recovery may be proposed could not be found out: ${message}` };
  }
}

function openWork({ open, leaseWatched }: RecoveryHistory): OpenWork {
  return { runs: open ? [open.runId] : [], leaseWatched };
}

async function readHistory(cluster: string): Promise<Reading<RecoveryHistory>> {
  const workflowId = recoveryWorkflowId(cluster);
  const source = `Temporal: runs of ${workflowId}`;
  try {
    const label = labelled('Look for earlier recoveries');
    return known(
      await runHistory.recoveryHistory.executeWithOptions(label, [
        { workflowId, watchdog: watchdogId(cluster) },
      ]),
      source,
    );
  } catch (error) {
    if (isCancellation(error)) throw error;
    return unknown(describeFailure(error).message, source);
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

/** What this version can start, and for which node. */
interface Mendable {
  runbook: 'KubeletAuthRecovery' | 'Cleanup';
  /** Absent: none is, or more than one; the decision says what that means. */
  node?: string;
  sentence: string;
}

/** A recovery comes before any tidying: its next run needs, or replaces, what an earlier one has left. */
function mendableOf(findings: Finding[]): Mendable | undefined {
  for (const runbook of ['KubeletAuthRecovery', 'Cleanup'] as const) {
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
async function proposeRecovery(
  observation: Observation,
  mendable: Mendable,
  history: RecoveryHistory,
  propose: boolean,
): Promise<Proposal> {
  const { cluster } = observation;
  const workflowId = recoveryWorkflowId(cluster);
  const { open } = history;
  if (open) {
    const sentence = `${open.runbook} has been open since ${open.startedAt}.`;
    return { recovery: { workflowId, started: false, sentence } };
  }
  const { node } = mendable;
  const request: RecoveryRequest = { cluster, requester: 'health-check', origin: 'health-check' };
  if (node !== undefined) request.node = node;
  const why = await reasonNotToPropose(observation, request, mendable, history);
  if (why !== undefined) return { notProposed: why };
  return propose ? await start(workflowId, request, mendable) : {};
}

/** Decides just as the recovery would, and compares with what was turned down: the digest of the plan is its evidence. */
async function reasonNotToPropose(
  observation: Observation,
  request: RecoveryRequest,
  { runbook }: Mendable,
  { closed, leaseWatched }: RecoveryHistory,
): Promise<string | undefined> {
  const { cluster } = request;
  const { policy, scripts } = await handsOn(cluster).observe.readPolicy.executeWithOptions(
    { ...labelled('Read the policy'), scheduleToCloseTimeout: '60s' },
    [{ cluster }],
  );
  const now = new Date().toISOString();
  const asked = { observation, request, policy, runId: proposalRunId, scripts, now };
  const label = labelled(`Decide as ${runbook} would`);
  const verdict =
    runbook === 'Cleanup'
      ? await decisions.decideCleanup.executeWithOptions(label, [{ ...asked, open: [], leaseWatched }])
      : await decisions.decideKubeletAuthRecovery.executeWithOptions(label, [asked]);
  if (verdict.kind !== 'proceed') return verdict.because;
  if (policy.approvals === 'none')
    return `The inventory does not say how ${cluster} is approved: "approvals" is absent.`;
  return dampedBecause(closed, { runbook, digest: verdict.digest }, policy, now);
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
