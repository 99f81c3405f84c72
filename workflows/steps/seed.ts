import { getActivator } from '@temporalio/workflow/lib/global-attributes.js';

/**
 * What all randomness of this run comes from. A Reset gives the run another one at the point to which it was reset, and that is
 * the only trace of a Reset that a workflow can see: the events before that point are replayed as if nothing had happened,
 * votes and all. Not part of the SDK's public interface; test/temporal/votes.test.ts resets real runs.
 */
export function randomnessSeed(): string {
  return getActivator().randomnessSeed.join(' ');
}
