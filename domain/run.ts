import type { CastVote, Gate } from './approval.ts';
import type { Plan, RunbookName } from './plan.ts';
import type { ApprovalMode } from './policy.ts';
import type { Proof, SignedFields } from './statement.ts';
import type { Evidence, RefusalReason, Verdict } from './verdict.ts';

/** What a person asked for. */
export interface RecoveryRequest {
  cluster: string;
  /** The node to recover; undefined: the only one that is affected. Two affected and none named is a refusal. */
  node?: string;
  requester: string;
  /** Stop after the plan. */
  dryRun?: boolean;
  /** A plan that lends cluster-admin to a kubelet may be proposed, where nothing safer fits. */
  breakGlass?: boolean;
  /** Where it came from: a person, or the scheduled health check. */
  origin: 'cli' | 'health-check' | 'web-ui';
}

export type Phase =
  | 'observing'
  | 'deciding'
  | 'waiting-for-approval'
  | 'acting'
  | 'blocked'
  | 'verifying'
  | 'closed';

/** Everything a person may want to know about a run while it is open; the answer of query `state`. Pure data. */
export interface RunState {
  runbook: RunbookName;
  cluster: string;
  node?: string;
  requester: string;
  startedAt: string;
  phase: Phase;
  approvals: ApprovalMode;
  /** What a signed statement about this run must name, besides the plan. */
  workflow: string;
  firstRun: string;
  /** For what is said about the run as a whole: abort, supersede. */
  nonce: string;
  plan?: Plan;
  digest?: string;
  gate?: Gate;
  steps: StepState[];
  /** It may have done what `steps` does not tell: another plan was shown since, or it was reset, which makes it forget. */
  actedBefore?: true;
  blocked?: BlockedStep;
  /** What the run has made and leaves on purpose, with how to remove it; one sentence each. */
  kept?: string[];
  /** Why gates became void, in the order in which it happened; at most one for each gate. */
  drifts?: Drift[];
  /** The brake is on: no act is begun before it is released. */
  paused?: Brake;
  /**
   * Set the instant before the act that cannot be taken back; until then an abort puts everything back. `abortMeans`: what
   * one does from here on; absent: it is refused.
   */
  pastPointOfNoReturn?: { stepId: string; at: string; abortMeans?: string };
  /** Votes and commands that did not count, newest last, at most 50. */
  refused: RefusedMessage[];
  refusedCount: number;
  timeline: TimelineEntry[];
  verdict?: Verdict;
  outcome?: Outcome;
}

export interface StepState {
  id: string;
  sentence: string;
  state: 'pending' | 'running' | 'done' | 'already-so' | 'blocked' | 'skipped' | 'undone';
  startedAt?: string;
  endedAt?: string;
  /** What the step found and did, in one sentence, from the act's own result. */
  note?: string;
}

/** A plan that people saw, and the one that took its place. */
export interface Drift {
  /** The gate that is void. */
  gate: string;
  at: string;
  /** In words. */
  why: string;
  /** Digests. */
  before: string;
  after: string;
  /** Line by line: `- ` only in the old plan, `+ ` only in the new one, `  ` in both. */
  lines: string[];
}

/** Who put the brake on, why and when. */
export interface Brake {
  by: string;
  reason: string;
  /** ISO 8601. */
  since: string;
  /** Undefined in mode `open`: the name is not proved. */
  proof?: Proof;
  /** It is taken for on, because it could not be read or is not verified yet; `reason` says which. */
  assumed?: true;
}

/** A failed step waits here for a person; the run does not end. */
export interface BlockedStep {
  stepId: string;
  error: string;
  errorType: string;
  since: string;
  /** For a signed decision: made anew for each failure. */
  nonce: string;
  /** Which decisions are possible now: abort is missing after the point of no return, skip where the plan does not allow it. */
  choices: ResolveAction[];
  /** What it means to go on without this step, as the plan says; only where skip is a choice. */
  skipMeans?: string;
  /** With abort missing: what to do instead. */
  advice: string;
}

export type ResolveAction = 'retry' | 'skip' | 'abort';

export interface ResolveStep extends Partial<SignedFields> {
  stepId: string;
  /** `since` of the block that was looked at: a second copy then decides nothing about the step's next block. */
  since?: string;
  /** Of the blocked step; needed where a signature is. */
  nonce?: string;
  action: ResolveAction;
  by: string;
  reason: string;
}

/** Stop and put things back; or, as `supersede`, give the cluster's lock to somebody who needs it, before any act. */
export interface AbortRequest extends Partial<SignedFields> {
  /** Of the run; needed where a signature is. */
  nonce?: string;
  by: string;
  reason: string;
}

export interface RefusedMessage {
  at: string;
  what: string;
  why: string;
  by: string;
}

export interface TimelineEntry {
  at: string;
  text: string;
}

export type OutcomeStatus =
  | 'healed'
  /** The node works, on something that was lent to it: what is still to be done is `owed`. */
  | 'owed'
  | 'refused'
  | 'rejected'
  | 'expired'
  | 'resolved'
  | 'aborted'
  | 'superseded'
  | 'dry-run';

/** How a run ended; the workflow's result. Every end has the same shape, so a report never branches. */
export interface Outcome {
  status: OutcomeStatus;
  /** The refusal's name, when it was one. */
  reason?:
    | RefusalReason
    | 'GateExpired'
    | 'RejectedByHuman'
    | 'AbortedByHuman'
    | 'SupersededByHuman'
    | 'FaultGone';
  sentence: string;
  evidence: Evidence[];
  handOver?: string;
  owed?: Owed;
  votes: CastVote[];
  endedAt: string;
}

/** What a run could not bring to its end, and who sees to it. */
export interface Owed {
  what: string;
  /** `workflow follow-up/prod-eu-1/master-1`. */
  keptBy: string;
}

/** Whether an abort would be obeyed now: it may put back less than everything. */
export function isAbortable({ pastPointOfNoReturn: past }: Pick<RunState, 'pastPointOfNoReturn'>): boolean {
  return past === undefined || past.abortMeans !== undefined;
}

/** What names a run on the nodes: safe in a path, and the same after a Reset, so that a backup is found again. */
export function nodeRunId(firstRun: string): string {
  return firstRun.replaceAll('-', '').slice(0, 12);
}

/** One mutator per cluster: the id is the lock, whatever the runbook. */
export function recoveryWorkflowId(cluster: string): string {
  return `recovery/${cluster}`;
}
