import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import type {
  EtcdActActivities,
  EtcdDecideActivities,
  EtcdObserveActivities,
} from '../../activities/etcd-contract.ts';
import type {
  ActActivities,
  ActivityErrorType,
  activityErrorTypes,
  DecideActivities,
  ObserveActivities,
  RunHistoryActivities,
} from '../../activities/contract.ts';
import type { RemediatorActivities } from '../../activities/remediator-contract.ts';
import type { LadderActivities } from '../../activities/kubelet-contract.ts';
import { clusterQueue } from '../messages.ts';

type FinalErrorType = {
  [Type in ActivityErrorType]: (typeof activityErrorTypes)[Type]['retryable'] extends false ? Type : never;
}[ActivityErrorType];

/** The compiler holds this list equal to the errors that the contract calls final: trying those again changes nothing. */
const finalErrors: Record<FinalErrorType, true> = {
  NodeScriptFailed: true,
  PreconditionFailed: true,
  ApiForbidden: true,
  TwoMatchingCsrs: true,
  CsrDenied: true,
  IdentityMissing: true,
  NotYetHealthy: true,
  BrakeOn: true,
  LeaseForeign: true,
  LeaseOver: true,
  LeaseOpen: true,
  MemberRemoved: true,
  MachineNotFollowing: true,
  SnapshotNotVerified: true,
  UnknownCluster: true,
  UnknownNode: true,
};

export const nonRetryableErrorTypes = Object.keys(finalErrors);

/** A killed worker is noticed after this long: the difference between seconds and minutes at 3 a.m. */
const heartbeatTimeout = '5s';

/**
 * Reading is tried for ten minutes: until the first act waiting costs nothing, but a run that says "observing" for ever,
 * because no worker serves its cluster, tells nobody that.
 */
const look: ActivityOptions = {
  startToCloseTimeout: '60s',
  scheduleToCloseTimeout: '10m',
  heartbeatTimeout,
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '1s', maximumInterval: '15s', nonRetryableErrorTypes },
};

/**
 * An act that keeps failing blocks after about two minutes and asks a person. A worker that is away does not use up
 * attempts, so the run goes on by itself when it is back; but not after half an hour, for by then the approval is about
 * a cluster that nobody has looked at since. The longest node script is cut after 75 s.
 */
const act: ActivityOptions = {
  startToCloseTimeout: '90s',
  scheduleToCloseTimeout: '30m',
  heartbeatTimeout,
  retry: { initialInterval: '1s', maximumInterval: '10s', maximumAttempts: 10, nonRetryableErrorTypes },
};

/** Each attempt waits by itself for what is to come, for half a minute: ten of those would be too long to say nothing. */
export const patient: ActivityOptions = { retry: { maximumAttempts: 4 } };

/** A pure decision that fails ten times is a bug, and fails the eleventh time too. */
const decide: ActivityOptions = {
  startToCloseTimeout: '10s',
  retry: { initialInterval: '500ms', maximumInterval: '10s', maximumAttempts: 10 },
};

export type Hands = ReturnType<typeof handsOn>;

/** The activities that look at this cluster and change it: on its own queue, next to its credentials. */
export function handsOn(cluster: string) {
  const taskQueue = clusterQueue(cluster);
  return {
    observe: proxyActivities<ObserveActivities>({ ...look, taskQueue }),
    etcd: {
      observe: proxyActivities<EtcdObserveActivities>({ ...look, taskQueue }),
      act: proxyActivities<EtcdActActivities>({ ...act, taskQueue }),
    },
    act: proxyActivities<ActActivities & LadderActivities & RemediatorActivities>({ ...act, taskQueue }),
  };
}

/** Pure decisions, in activities so that the history records the verdict and no upgrade in mid-incident changes it. */
export const decisions = proxyActivities<DecideActivities & EtcdDecideActivities>(decide);

/** What Temporal itself knows about earlier runs. */
export const runHistory = proxyActivities<RunHistoryActivities>({ ...decide, scheduleToCloseTimeout: '30s' });

/** Waits as long as the brake is on; a killed worker is noticed, and another one waits on. */
export const brakeWatch = proxyActivities<Pick<RunHistoryActivities, 'awaitBrake'>>({
  startToCloseTimeout: '1h',
  heartbeatTimeout,
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '1s', maximumInterval: '15s' },
});

/** Labels an activity in the Web UI's timeline; Temporal shows at most 200 bytes. */
export function labelled(summary: string): ActivityOptions {
  const encoder = new TextEncoder();
  let text = summary;
  while (encoder.encode(text).length > 200) text = `${text.slice(0, -2)}…`;
  return { summary: text };
}
