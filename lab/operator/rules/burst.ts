/** Tokens of one event source. */
export interface Bucket {
  tokens: number;
  /** Milliseconds since the epoch at which `tokens` was right. */
  at: number;
}

const BURST = 5;
const REFILL_MS = 300_000;

/**
 * Whether an event of a source may be sent now, and its bucket afterwards: five at once, then one in five minutes. The rest is
 * lost: of 22 StartingNewRevision in a measured run, seven arrived.
 */
export function takeToken(bucket: Bucket | undefined, now: number): { allowed: boolean; bucket: Bucket } {
  const before = bucket ?? { tokens: BURST, at: now };
  const tokens = Math.min(BURST, before.tokens + (now - before.at) / REFILL_MS);
  if (tokens < 1) return { allowed: false, bucket: { tokens, at: now } };
  return { allowed: true, bucket: { tokens: tokens - 1, at: now } };
}
