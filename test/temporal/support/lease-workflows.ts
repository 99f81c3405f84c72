import { ApplicationFailure, condition, defineSignal, setHandler, sleep } from '@temporalio/workflow';
import type { LeaseRef } from '../../../activities/lease-contract.ts';
import type { AbortRequest } from '../../../domain/run.ts';
import { leaseHands } from '../../../workflows/steps/lease-hands.ts';
import { underLease, type Leased, type LeaseTerms } from '../../../workflows/steps/lease.ts';

export { OverrideLease } from '../../../workflows/override-lease.ts';

/** What the work under the lease does: ends when it is told to, fails, or never ends. */
export type ProbeWork = 'until-told' | 'fail' | 'for-ever';

export const workDone = defineSignal('workDone');
export const stop = defineSignal('stop');

export interface LeaseProbeInput {
  cluster: string;
  terms: LeaseTerms;
  work: ProbeWork;
}

/** A run that is nothing but one lease, as a runbook takes it. */
export async function LeaseProbe({ cluster, terms, work }: LeaseProbeInput): Promise<Leased<string>> {
  let told = false;
  const run: { request: { cluster: string; requester: string; origin: 'cli' }; abort?: AbortRequest } = {
    request: { cluster, requester: 'ada', origin: 'cli' },
  };
  setHandler(workDone, () => {
    told = true;
  });
  setHandler(stop, () => {
    run.abort = { by: 'ada', reason: 'enough' };
  });
  return await underLease(run, terms, async () => {
    if (work === 'fail') throw ApplicationFailure.nonRetryable('the work failed', 'NotYetHealthy');
    if (work === 'for-ever') await sleep('1 day');
    await condition(() => told);
    return 'worked';
  });
}

/** One more attempt to set a lease, long after it was over. */
export async function LateAttempt(input: LeaseRef): Promise<void> {
  await leaseHands(input.cluster).brief.setLease(input);
}
