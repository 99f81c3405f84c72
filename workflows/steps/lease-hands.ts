import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { RunHistoryActivities } from '../../activities/contract.ts';
import type { LeaseActivities } from '../../activities/lease-contract.ts';
import { clusterQueue } from '../messages.ts';
import { nonRetryableErrorTypes } from './activities.ts';

/** Few calls of five seconds at most each: an attempt that takes longer is stuck, and must not wake up much later. */
const one = { startToCloseTimeout: '20s', heartbeatTimeout: '5s' } as const;

/** The activities of a lease, on the cluster's own queue: `patient` is never told to give up. */
export function leaseHands(cluster: string) {
  const taskQueue = clusterQueue(cluster);
  return {
    brief: proxyActivities<LeaseActivities>({
      ...one,
      taskQueue,
      retry: {
        initialInterval: '1s',
        maximumInterval: '5s',
        maximumAttempts: 10,
        nonRetryableErrorTypes,
      },
    }),
    patient: proxyActivities<Pick<LeaseActivities, 'restoreLease'>>({
      ...one,
      taskQueue,
      retry: { initialInterval: '1s', maximumInterval: '10s' },
    }),
  };
}

/** Waits beside the watchdog as long as the longest lease; a killed worker is noticed, and another one waits on. */
export const ownerWatch = proxyActivities<Pick<RunHistoryActivities, 'awaitRunOver'>>({
  startToCloseTimeout: '2h',
  heartbeatTimeout: '5s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '1s', maximumInterval: '10s' },
});
