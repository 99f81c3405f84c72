import type { Vote } from '../domain/approval.ts';
import type { BrakeReading, BrakeRelease, BrakeRequest, BrakeState } from '../domain/brake.ts';
import type { AbortRequest, RecoveryRequest, ResolveStep, RunState } from '../domain/run.ts';
import type { HealthCheckResult, RecoveryResult, VoteAnswer } from '../workflows/messages.ts';

/**
 * What the commands ask of Temporal, in the product's own words. Its one implementation is `temporal/gateway.ts`;
 * commands never see the SDK, so that `cpr --help` does not load it and a test needs no server.
 * Every function throws `CommandFailure` only.
 */
export interface Gateway {
  readonly place: TemporalPlace;
  /** One look, without proposing a recovery. Throws `NoWorker` when nobody would carry it out. */
  diagnose(cluster: string, options: Patience): Promise<HealthCheckResult>;
  /** Starts a recovery or attaches to the one that is open; refuses when another runbook or node has the cluster. */
  startRecovery(request: RecoveryRequest, runbook?: StartableRunbook): Promise<StartedRun>;
  /** The newest recovery of a cluster, open or closed; undefined when there is none in Temporal's retention. */
  newestRun(cluster: string): Promise<RunSummary | undefined>;
  /** Every open recovery in the namespace. */
  openRuns(): Promise<RunSummary[]>;
  /** The state of an open run; needs a worker. */
  state(run: RunRef): Promise<RunState>;
  /** The result of a closed run; needs no worker. */
  result(run: RunRef): Promise<RecoveryResult>;
  /** The report so far of an open run; needs a worker. */
  report(run: RunRef): Promise<string>;
  vote(run: RunRef, vote: Vote): Promise<VoteAnswer>;
  resolve(run: RunRef, decision: ResolveStep): Promise<string>;
  abort(run: RunRef, request: AbortRequest): Promise<string>;
  /** Asks a run that waits at its gate to make room for another one. */
  supersede(run: RunRef, request: AbortRequest): Promise<string>;
  brake: BrakeGateway;
  schedule: ScheduleGateway;
  close(): Promise<void>;
}

/** What can be started by hand; KubeletAuthRecovery where nothing is said. */
export type StartableRunbook = RecoveryRunbook | 'Cleanup';

/** Those of `cpr recover`. */
export const recoveryRunbooks = ['KubeletAuthRecovery', 'EtcdRecovery'] as const;

export type RecoveryRunbook = (typeof recoveryRunbooks)[number];

export interface TemporalPlace {
  address: string;
  namespace: string;
  /** Base address of the Web UI, when it is known. */
  webUi?: string;
}

export interface Patience {
  signal?: AbortSignal | undefined;
  timeoutMs: number;
}

export interface RunRef {
  cluster: string;
  workflowId: string;
  runId: string;
}

export interface RunSummary extends RunRef {
  runbook: string;
  /** Temporal's word: RUNNING, COMPLETED, FAILED, TERMINATED… */
  status: string;
  startedAt: Date;
  closedAt?: Date;
}

export interface StartedRun extends RunRef {
  /** False: it was open already, and this command attached to it. */
  started: boolean;
}

export interface ScheduleGateway {
  /** Creates the schedule, or changes the interval of the one there is. */
  set(cluster: string, everyMs: number): Promise<'created' | 'changed' | 'already so'>;
  show(cluster: string): Promise<ScheduleView>;
  pause(cluster: string, note: string): Promise<void>;
  resume(cluster: string, note: string): Promise<void>;
  trigger(cluster: string): Promise<void>;
  remove(cluster: string): Promise<void>;
}

export interface BrakeGateway {
  /** Whether the brake of a cluster is on, as Temporal describes it: needs no worker. */
  read(cluster: string): Promise<BrakeReading>;
  /** Everything about a brake that is open; needs a worker. */
  state(cluster: string): Promise<BrakeState>;
  /**
   * Puts it on. Throws `RefusedByRun` when its word does not count. `on already`: by somebody else, and that counts.
   * `unconfirmed`: no worker has said yet whether it counts; runs hold meanwhile.
   */
  putOn(request: BrakeRequest): Promise<'on' | 'on already' | 'unconfirmed'>;
  /** The brake's own answer. */
  release(cluster: string, release: BrakeRelease): Promise<string>;
}

export interface ScheduleView {
  cluster: string;
  scheduleId: string;
  everyMs: number;
  paused: boolean;
  note: string;
  /** What the newest look that has ended said; absent when there was none, or it ended without a result. */
  said?: { findings: string[]; recovery?: string; notProposed?: string };
  /** ISO 8601, oldest first. */
  recent: { at: string; workflowId: string }[];
  next: string[];
}
