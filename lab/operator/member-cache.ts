import { setTimeout as sleep } from 'node:timers/promises';
import type { EtcdClient } from './etcd-client.ts';
import type { MemberHealth } from './rules/types.ts';

/** The members' health as the gate and the member conditions see it: up to 60 s old, and 30 s longer for a dead one. */
export interface MemberCache {
  /** Undefined before the first look and while a look is under way: who asks then has to wait, as behind the real one's lock. */
  now(): readonly MemberHealth[] | string | undefined;
  /** Looks, and looks again, from when `isKnown` says that there is somebody to ask. */
  run(signal: AbortSignal, isKnown: () => boolean): Promise<void>;
}

const REFRESH_MS = 60_000;
const RETRY_MS = 3_000;

/** A failed list is not kept: it is tried again with the next question. */
export function memberCache(etcd: EtcdClient): MemberCache {
  let answer: readonly MemberHealth[] | string | undefined;
  const look = async (): Promise<readonly MemberHealth[] | string> => {
    try {
      return await etcd.health(await etcd.members());
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
  return {
    now: () => answer,
    async run(signal, isKnown) {
      while (!signal.aborted) {
        answer = undefined;
        if (isKnown()) answer = await look();
        await sleep(Array.isArray(answer) ? REFRESH_MS : RETRY_MS, undefined, { signal }).catch(() => {});
      }
    },
  };
}
