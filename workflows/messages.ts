import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Sighting } from '../domain/etcd/sighting.ts';
import type { Finding } from '../domain/finding.ts';
import type { ObservationCost } from '../domain/control-plane.ts';
import type { Debt, Watched } from '../domain/kubelet/debt.ts';
import type { Vote } from '../domain/approval.ts';
import type { LeaseState } from '../domain/lease-state.ts';
import type { BrakeRelease, BrakeState } from '../domain/brake.ts';
import type { AbortRequest, Brake, Outcome, RecoveryRequest, ResolveStep, RunState } from '../domain/run.ts';

/**
 * The messages that every runbook understands. Each exists as a signal and as an update with the same payload: the update
 * answers at once (and refuses with what was expected), the signal works from every client and is attributable by the server.
 */
export const voteSignal = defineSignal<[Vote | undefined]>('vote');
export const voteUpdate = defineUpdate<VoteAnswer, [Vote | undefined]>('vote');
export const resolveStepSignal = defineSignal<[ResolveStep | undefined]>('resolveStep');
export const resolveStepUpdate = defineUpdate<string, [ResolveStep | undefined]>('resolveStep');
export const abortSignal = defineSignal<[AbortRequest | undefined]>('abort');
export const abortUpdate = defineUpdate<string, [AbortRequest | undefined]>('abort');

/** Ends a run that waits at its gate, to make room for another one. */
export const supersedeSignal = defineSignal<[AbortRequest | undefined]>('supersede');
export const supersedeUpdate = defineUpdate<string, [AbortRequest | undefined]>('supersede');

export const stateQuery = defineQuery<RunState>('state');
/** The incident report so far, in Markdown. */
export const reportQuery = defineQuery<string>('report');

/** Of the workflow `Brake`: lets the cluster's runs go on. */
export const releaseSignal = defineSignal<[BrakeRelease | undefined]>('release');
export const releaseUpdate = defineUpdate<string, [BrakeRelease | undefined]>('release');
export const brakeStateQuery = defineQuery<BrakeState>('state');

/** Of the workflow `OverrideLease`: puts back now. Anybody may send it, since it only ever makes things as they were. */
export const releasedSignal = defineSignal('released');
export const leaseStateQuery = defineQuery<LeaseState>('state');

/** Of the workflow `KubeletFollowUp`. */
export const debtQuery = defineQuery<FollowUpState>('debt');
/** The node was recovered once more: what was seen of it before tells nothing about its next renewal. */
export const recoveredSignal = defineSignal<[{ lent: boolean }]>('recovered');

export interface FollowUpInput {
  cluster: string;
  node: string;
  /** Who asked for the recovery that this follows. */
  requester: string;
  /** Its kubelet was lent cluster-admin: the graduation is opened as soon as it can be done. */
  lent?: boolean;
  /** The node's own certificate when it was first seen. */
  first?: Watched;
  proposals?: number;
}

export interface FollowUpState {
  cluster: string;
  node: string;
  lent: boolean;
  debt: Debt;
  first?: Watched;
  /** How often a recovery was opened for what is owed. */
  proposals: number;
}

export interface VoteAnswer {
  have: number;
  need: number;
  sentence: string;
}

/** Result of every runbook. */
export interface RecoveryResult {
  outcome: Outcome;
  state: RunState;
  report: string;
}

/** Input of every runbook. */
export type RecoveryInput = RecoveryRequest;

export interface HealthCheckInput {
  cluster: string;
  /** Start the fitting recovery and let it wait at its gate. False: only look (`cpr diagnose`). */
  propose: boolean;
}

export interface HealthCheckResult {
  cluster: string;
  at: string;
  healthy: boolean;
  findings: Finding[];
  /** There when a second look was made, at the members of etcd and their operator: what the next check compares its own with. */
  etcd?: { sighting?: Sighting };
  /** Workflow id of the recovery that waits at its gate, when there is one, and whether this check started it. */
  recovery?: { workflowId: string; started: boolean; sentence: string };
  /** Why no recovery was started for a finding that a runbook mends: it would be refused, or was turned down lately. */
  notProposed?: string;
  /** The cluster's brake is on: a recovery would plan and ask, and not act. */
  paused?: Brake;
  cost: ObservationCost;
}

export const runbookQueue = 'runbooks';

/** The queue on which a cluster's own activities run, next to its credentials. */
export function clusterQueue(cluster: string): string {
  return `cluster/${cluster}`;
}

export { recoveryWorkflowId } from '../domain/run.ts';

/** One brake per cluster; open means on. */
export function brakeWorkflowId(cluster: string): string {
  return `brake/${cluster}`;
}

/** One watch per node: a second recovery of it is watched by the same. */
export function followUpWorkflowId(cluster: string, node: string): string {
  return `follow-up/${cluster}/${node}`;
}

export function healthCheckScheduleId(cluster: string): string {
  return `health-check/${cluster}`;
}
