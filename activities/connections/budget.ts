import type { ObservationCost } from '../../domain/control-plane.ts';

/** What one look at a cluster may cost at most: a health check every five minutes must never be what ails it. */
export interface BudgetLimits {
  apiCalls: number;
  bytes: number;
}

/** No reason to look for another way: over it as much would be spent. */
export class BudgetSpent extends Error {}

export interface Budget {
  /** Throws when one call more would be too much. Call it before each call. */
  spendCall(): void;
  /** Throws when the answers have become too many bytes. Call it as they come. */
  spendBytes(count: number): void;
  cost(): ObservationCost;
}

export function createBudget(limits: BudgetLimits): Budget {
  const began = performance.now();
  let apiCalls = 0;
  let bytes = 0;
  return {
    spendCall() {
      if (apiCalls >= limits.apiCalls)
        throw new BudgetSpent(`the limit of ${limits.apiCalls} API calls is reached`);
      apiCalls += 1;
    },
    spendBytes(count) {
      bytes += count;
      if (bytes > limits.bytes) throw new BudgetSpent(`the limit of ${limits.bytes} bytes is reached`);
    },
    cost: () => ({ apiCalls, bytes, milliseconds: Math.round(performance.now() - began) }),
  };
}

/** For acts and polls, which are bounded by their own timeouts. */
export function noLimits(): BudgetLimits {
  return { apiCalls: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };
}
