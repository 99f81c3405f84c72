import { ApplicationFailure, isCancellation } from '@temporalio/workflow';
import { pausedBy } from '../domain/brake.ts';
import type { RecoveryHistory } from '../activities/contract.ts';
import type { Observation, ObservationCost } from '../domain/control-plane.ts';
import type { OpenWork } from '../domain/diagnosis/leftovers.ts';
import type { Finding } from '../domain/finding.ts';
import { watchdogId } from '../domain/lease.ts';
import { known, unknown, type Reading } from '../domain/reading.ts';
import {
  clusterQueue,
  recoveryWorkflowId,
  type HealthCheckInput,
  type HealthCheckResult,
} from './messages.ts';
import { decisions, handsOn, labelled, runHistory } from './steps/activities.ts';
import { describeFailure } from './steps/failures.ts';
import { readBrake } from './steps/hold.ts';
import { mendableOf, proposeRecovery, type Looks, type Proposal } from './steps/proposal.ts';
import { lookAtMembers, seenIn } from './steps/second-look.ts';

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
  const [history, etcd] = await Promise.all([readHistory(cluster), lookAtMembers(observation)]);
  const open = history.known ? known(openWork(history.value), history.source) : history;
  const findings = await decisions.diagnoseObservation.executeWithOptions(labelled('Diagnose'), [
    { observation, open, ...(etcd === undefined ? {} : { etcd }) },
  ]);
  const result: HealthCheckResult = {
    cluster,
    at: observation.at,
    healthy: findings.every((finding) => finding.severity === 'info'),
    findings,
    ...seenIn(etcd),
    cost: etcd === undefined ? observation.cost : sumOf(observation.cost, etcd.cost),
  };
  const looks = { observation, ...(etcd === undefined ? {} : { etcd }) };
  return Object.assign(result, await proposeOrSayWhyNot(looks, findings, history, propose));
}

function sumOf(one: ObservationCost, other: ObservationCost): ObservationCost {
  return {
    apiCalls: one.apiCalls + other.apiCalls,
    bytes: one.bytes + other.bytes,
    milliseconds: one.milliseconds + other.milliseconds,
  };
}

/** What was found is worth more than the proposal: a step on the way to it that fails must not take the findings along. */
async function proposeOrSayWhyNot(
  looks: Looks,
  findings: Finding[],
  history: Reading<RecoveryHistory>,
  propose: boolean,
): Promise<Proposal> {
  const mendable = mendableOf(findings);
  if (!mendable) return {};
  if (!history.known) return { notProposed: `Earlier recoveries could not be asked for: ${history.why}` };
  try {
    return await proposeRecovery(looks, mendable, history.value, propose);
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
