import { setTimeout as sleep } from 'node:timers/promises';
import { sentenceOf } from '../failure.ts';
import { redact } from '../redact.ts';
import { BudgetSpent } from './budget.ts';
import { exchange, type Answer, type ApiCall, type ExchangeLimits } from './exchange.ts';
import type { ApiWay } from './master-way.ts';

/** How the API is reached where its endpoint does not answer. */
export interface Detour {
  master: string;
  /** Why the endpoint was given up. */
  because: string;
}

/** Several ways to one API, of which one is used as long as it works. */
export interface ApiWays {
  ask(call: ApiCall): Promise<Answer>;
  /** Undefined while the endpoint is used. */
  detour(): Detour | undefined;
  close(): void;
}

/** A way that does not answer at once gives the next one its chance; it stays in the race. */
const HEAD_START_MS = 700;
/** Longer than ssh tries to connect. */
const PROBE_MS = 6000;
/** An endpoint may drop a connection now and then, and is not down for that. */
const ENDPOINT_PROBES = 2;
const TRIES_AT_MOST = 3;

/**
 * Asks over the first way, and moves on only where nothing was answered: an answer, also a refusal, is the API's and would
 * be the same everywhere. A read is asked again over the way that was found. A change is sent once, over a way that has
 * answered before; when its answer is lost the caller reads back, and that read finds another way.
 */
export function createApiWays(
  ways: readonly [ApiWay, ...ApiWay[]],
  limits: ExchangeLimits,
  found: Detour | undefined,
  onDetour: (detour: Detour | undefined) => void = () => {},
): ApiWays {
  const [endpoint] = ways;
  let current = ways.find(({ master }) => master !== undefined && master === found?.master) ?? endpoint;
  let because = found?.because ?? '';
  let isProved = false;
  let moving: Promise<void> | undefined;

  async function moveOn(from: ApiWay, why: string): Promise<void> {
    // Of many calls that fail at once the first one looks for a way, for all of them.
    if (current === from) moving ??= findAnother(from, why).finally(() => (moving = undefined));
    await moving;
  }

  async function findAnother(from: ApiWay, why: string): Promise<void> {
    isProved = false;
    const reasons = [`${nameOf(from)}: ${redact(why, 100)}`];
    if (from === endpoint) {
      because = why;
      isProved = await answersAfterAll(endpoint, limits);
      if (isProved) return;
    }
    const next = await race(
      ways.filter((way) => way !== from),
      limits,
      reasons,
    );
    limits.signal?.throwIfAborted();
    current = next ?? endpoint;
    onDetour(detour());
    if (!next) throw new Error(`the API answers through nobody: ${reasons.join('; ')}`);
    isProved = true;
  }

  function detour(): Detour | undefined {
    return current.master === undefined ? undefined : { master: current.master, because };
  }

  async function overOne(way: ApiWay, call: ApiCall): Promise<Answer> {
    const answer = await exchange(way.address, call, limits);
    if (ways.length > 1 && isOfNoApi(answer))
      throw new Error(`answered ${answer.status}, not as an API does`);
    isProved = true;
    return answer;
  }

  /** A change must not be what finds out that nobody is there. */
  async function prove(): Promise<void> {
    if (isProved || ways.length === 1) return;
    const way = current;
    try {
      await way.probe({ ...limits, timeoutMs: PROBE_MS });
      isProved = true;
    } catch (error) {
      limits.signal?.throwIfAborted();
      await moveOn(way, sentenceOf(error));
    }
  }

  return {
    async ask(call) {
      if (call.changes) await prove();
      for (let tries = 1; ; tries++) {
        const way = current;
        try {
          return await overOne(way, call);
        } catch (error) {
          limits.signal?.throwIfAborted();
          if (way === current) isProved = false;
          const isOver = tries === TRIES_AT_MOST || call.changes || ways.length === 1;
          if (isOver || error instanceof BudgetSpent) throw error;
          await moveOn(way, reasonOf(error));
        }
      }
    },
    detour,
    close: () => ways.forEach((way) => way.close()),
  };
}

/** As soon as another way would have had its chance, it has lost its own. */
async function answersAfterAll(endpoint: ApiWay, limits: ExchangeLimits): Promise<boolean> {
  for (let probes = 0; probes < ENDPOINT_PROBES; probes++) {
    try {
      await endpoint.probe({ ...limits, timeoutMs: HEAD_START_MS });
      return true;
    } catch {
      limits.signal?.throwIfAborted();
    }
  }
  return false;
}

/** The first of them that proves itself, each with a head start on the next; undefined when none does. */
async function race(
  ways: readonly ApiWay[],
  limits: ExchangeLimits,
  reasons: string[],
): Promise<ApiWay | undefined> {
  const over = new AbortController();
  const signal = limits.signal ? AbortSignal.any([limits.signal, over.signal]) : over.signal;
  const attempts = ways.map(async (way, place) => {
    try {
      if (place > 0) await sleep(place * HEAD_START_MS, undefined, { signal });
      await way.probe({ ...limits, timeoutMs: PROBE_MS, signal });
      return way;
    } catch (error) {
      way.close();
      reasons.push(`${nameOf(way)}: ${redact(reasonOf(error), 100)}`);
      throw error;
    }
  });
  try {
    return await Promise.any(attempts);
  } catch {
    return undefined;
  } finally {
    over.abort();
    await Promise.allSettled(attempts);
  }
}

/** What a load balancer says for its backends, or a page of somebody in between. */
function isOfNoApi({ status, text }: Answer): boolean {
  if (status >= 300 && status < 500) return false;
  try {
    const { kind } = JSON.parse(text) as { kind?: unknown };
    return status >= 500 && kind !== 'Status';
  } catch {
    return true;
  }
}

function nameOf({ master, address }: ApiWay): string {
  return master === undefined ? address.url : `through ${master}`;
}

export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return sentenceOf(error.errors[0]);
  return sentenceOf(error);
}
