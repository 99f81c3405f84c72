import type { Lease, LeaseTargetName } from '../domain/lease.ts';
import type { LeaseReading } from '../domain/lease-rules.ts';
import type { LeaseEnd } from '../domain/lease-state.ts';
import type { ActResult } from './contract.ts';

/** What runs on `cluster/<name>` for a lease. Not among the acts: putting back obeys no brake. */
export interface LeaseActivities {
  /**
   * Sets the lease's key, once: "already so" is success. Throws `LeaseForeign` where somebody else's word stands, and
   * `LeaseOver` when the deadline has passed or the lease's own watchdog does not run: then nothing would take it back.
   */
  setLease(input: LeaseRef): Promise<ActResult>;
  /** Puts back what was there before the lease. Never throws for what somebody else did: that is `foreign`. */
  restoreLease(input: LeaseRef): Promise<LeaseEnd>;
  /** What the object says now; for finding what was left behind. */
  readLease(input: { cluster: string; target: LeaseTargetName }): Promise<LeaseReading>;
}

export interface LeaseRef {
  cluster: string;
  lease: Lease;
}
