/**
 * That a fault was seen before, and since when without a break. "Seen twice" means two minutes apart: the operator's member
 * cache and its health timeout together hide a dead member for 31 to 88 seconds, so two quick looks are one look.
 */
export interface Sighting {
  /** What was seen, without anything that changes while the fault stays the same. */
  fault: string;
  /** The first look that saw it, ISO 8601; every look since saw it too. */
  since: string;
  /** How far the operator's roll-out was, and since when it has stood there. */
  rollOut: string;
  rollOutSince: string;
  /** The newest look, ISO 8601. */
  last: string;
}

/** Looks that lie further apart than this say nothing about the time between them. */
const gapAtMostMs = 30 * 60_000;

/** What this look adds to the one before it. Another fault, a gap, or a time that runs backwards begins anew. */
export function nextSighting(
  before: Sighting | undefined,
  seen: { fault: string; rollOut: string; at: string },
): Sighting {
  const { fault, rollOut, at } = seen;
  const fresh: Sighting = { fault, rollOut, since: at, rollOutSince: at, last: at };
  if (!before || before.fault !== fault) return fresh;
  const gap = Date.parse(at) - Date.parse(before.last);
  if (!(gap >= 0 && gap <= gapAtMostMs)) return fresh;
  return {
    ...fresh,
    since: before.since,
    rollOutSince: before.rollOut === rollOut ? before.rollOutSince : at,
  };
}

/** Milliseconds between two ISO times; never negative, and 0 for what is no time: then nothing has lasted. */
export function lasted(since: string, at: string): number {
  const ms = Date.parse(at) - Date.parse(since);
  return ms > 0 ? ms : 0;
}
