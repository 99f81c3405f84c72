import { remediatorName } from './etcd/pausing.ts';
import type { Remediator, RemediatorPin } from './etcd/platform.ts';

/** A remediator that runs of ours have paused, though none of them goes on to resume it. */
export interface LeftPause extends Omit<RemediatorPin, 'pausedBy'> {
  /** Their ids, as they name themselves on nodes. */
  runs: string[];
}

/** `open`: ids of the runs that go on now; what they have paused they will resume. */
export function leftPauses(remediators: readonly Remediator[], open: readonly string[]): LeftPause[] {
  return remediators
    .map(({ kind, namespace, name, pausedBy = [] }) => {
      return { kind, namespace, name, runs: pausedBy.filter((run) => !open.includes(run)) };
    })
    .filter(({ runs }) => runs.length > 0);
}

/** In one line, for people. */
export function factOfPause({ runs, ...remediator }: LeftPause): string {
  return `${remediatorName(remediator)}: paused by run ${runs.join(' and ')}`;
}
