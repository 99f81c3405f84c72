import type { Api } from '../cluster/api.ts';
import type { ClusterPki } from '../cluster/certificates.ts';
import type { ControlPlaneImages } from '../cluster/pod.ts';
import type { Board } from './board.ts';
import type { EtcdClient } from './etcd-client.ts';
import type { Recorder } from './events.ts';
import type { MemberCache } from './member-cache.ts';
import { gateOf } from './rules/gate.ts';
import type { Gated, Profile } from './rules/profiles.ts';
import type { Member } from './rules/types.ts';
import type { View } from './view.ts';

/** What every controller works with. */
export interface Operator {
  api: Api;
  profile: Profile;
  images: ControlPlaneImages;
  pki: ClusterPki;
  installerWait: () => number;
  board: Board;
  record: Recorder;
  log: (line: string) => void;
  etcd: EtcdClient;
  cache: MemberCache;
  /** The members as listed a moment ago; a text when that failed, undefined before the first list. */
  liveMembers(): readonly Member[] | string | undefined;
  due: Due;
}

/** True once the same need has been there for `ms`; no need (undefined) forgets it. */
export type Due = (what: string, need: string | undefined, ms: number) => boolean;

/** A controller of the cycle: one look at a view, at most a few writes. Throws to be called again with the next view. */
export type Sync = (view: View, operator: Operator) => Promise<void> | void;

export function openDue(): Due {
  const needs = new Map<string, { need: string; since: number }>();
  return (what, need, ms) => {
    if (need === undefined) {
      needs.delete(what);
      return false;
    }
    const before = needs.get(what);
    const current = before?.need === need ? before : { need, since: Date.now() };
    needs.set(what, current);
    return Date.now() - current.since >= ms;
  };
}

/** 'open', why it is closed, or undefined while the member cache is being refreshed and the asker waits. */
export function askGate(what: Gated, view: View, operator: Operator): 'open' | { why: string } | undefined {
  const { profile, board, cache } = operator;
  if (!profile.gated.includes(what)) return 'open';
  const members = cache.now();
  const gate = gateOf({
    profile,
    nodeStatuses: board.nodes(),
    latestAvailableRevision: board.latest(),
    overrides: view.etcd.spec?.unsupportedConfigOverrides,
    members: members ?? [],
  });
  if (gate.open) return gate.by !== 'members' || members ? 'open' : undefined;
  return members ? { why: gate.why } : undefined;
}
