import type { LentSetting } from './control-plane.ts';
import type { Lease, LeaseTargetName } from './lease.ts';

/** A setting as a run had lent it, though neither that run nor a watchdog is there to put it back. */
export interface LeftLease {
  lease: Lease;
  /** What putting it back does, to the key and to the field that holds it. */
  back: string;
}

/** What was seen of a lent setting, and where. */
interface Seen {
  target: LeaseTargetName;
  facts: string[];
  source: string;
}

export interface LeftLeases {
  /** Just as their lease left them: they can be put back. */
  held: (LeftLease & { source: string })[];
  /** They bear the note of a lease and are not as it left them: that is for a person to judge. */
  changed: Seen[];
  /** Nobody knows. */
  unread: Seen[];
}

/** `watched`: a watchdog is open. What it watches over ends by itself, and is not left. */
export function leftLeases(settings: readonly LentSetting[], watched: boolean): LeftLeases {
  const left: LeftLeases = { held: [], changed: [], unread: [] };
  if (watched) return left;
  for (const { target, lease: reading } of settings) {
    const { source } = reading;
    if (!reading.known) {
      left.unread.push({ target, facts: [`${target} could not be read: ${reading.why}`], source });
    } else if (reading.value.state === 'held') {
      const { lease, back } = reading.value;
      left.held.push({ lease, back, source });
    } else if (reading.value.state === 'foreign' && reading.value.noted) {
      left.changed.push({ target, facts: reading.value.evidence, source });
    }
  }
  return left;
}

/** In one line, for people. */
export function factOfLease({ target, owner, deadline }: Lease): string {
  return `${target}: lent to ${owner.workflow} (run ${owner.run}) until ${deadline}`;
}
