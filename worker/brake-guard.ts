import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { Context } from '@temporalio/activity';
import type { ActActivities } from '../activities/contract.ts';
import type { EtcdActActivities } from '../activities/etcd-contract.ts';
import type { LadderActivities } from '../activities/kubelet-contract.ts';
import type { LeaseActivities } from '../activities/lease-contract.ts';
import { failure } from '../activities/failure.ts';
import { heartbeating } from '../activities/heartbeat.ts';
import { readBrake } from '../activities/observe/brake.ts';
import { pausedBy } from '../domain/brake.ts';
import { brakeWorkflowId } from '../workflows/messages.ts';

/**
 * Which activities wait for the brake; the compiler holds the list equal to the contract. What only reads may go on, and so
 * may what takes our own traces away: a brake must never keep a lease in place, nor a remediator paused.
 */
const obeysBrake: Record<
  keyof (ActActivities & EtcdActActivities & LadderActivities & LeaseActivities),
  boolean
> = {
  backUpKubelet: true,
  installBootstrapCredential: true,
  recordCsrs: false,
  restartKubelet: true,
  approveKubeletCsr: true,
  installDurableBootstrap: true,
  restoreKubeletBackup: true,
  concludeRun: true,
  takeSnapshot: true,
  copySnapshot: true,
  pauseRemediators: true,
  resumeRemediators: false,
  quarantineEtcd: true,
  restoreEtcd: true,
  renewCertificates: true,
  removeMember: true,
  updateMember: true,
  forceRedeployment: true,
  noteWaitingRequest: false,
  relinkCertificate: true,
  makeKubeletKey: true,
  fileKubeletRequest: true,
  approveOwnRequest: true,
  installKubeletCertificate: true,
  withdrawAdmin: true,
  lendAdmin: true,
  setLease: true,
  restoreLease: false,
  readLease: false,
};

/**
 * A run reads the brake before each step; but an act may wait in its queue for a worker, or for its next attempt, and the
 * brake may have been put on since. So each attempt reads it again, directly before its act.
 */
export function guardBrake(cluster: string): ActivityInterceptorsFactory {
  return () => ({
    inbound: {
      async execute(input, next) {
        if (!mustObey(Context.current().info.activityType)) return await next(input);
        // Temporal may be slow to answer, for longer than the activity's heartbeat timeout.
        await heartbeating(() => refuseWhilePaused(cluster));
        const { cancellationSignal, cancelled } = Context.current();
        if (cancellationSignal.aborted) await cancelled;
        return await next(input);
      },
    },
  });
}

function mustObey(activityType: string): boolean {
  return Object.hasOwn(obeysBrake, activityType) && obeysBrake[activityType as keyof typeof obeysBrake];
}

async function refuseWhilePaused(cluster: string): Promise<void> {
  const reading = await readBrake({ workflowId: brakeWorkflowId(cluster) });
  if (reading.state === 'off') return;
  const { by, reason } = pausedBy(reading, new Date().toISOString());
  // The second attempt knows only about itself: the first one may have done its work and lost its answer.
  const unbegun = Context.current().info.attempt === 1;
  const done = unbegun
    ? 'nothing was done'
    : 'this attempt did nothing, an earlier one may have: the step looks first when it goes on';
  throw failure('BrakeOn', `the brake of ${cluster} is on (${by}: ${reason}); ${done}`, { unbegun });
}
