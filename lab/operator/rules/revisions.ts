import { isDeepStrictEqual } from 'node:util';
import type { NodeStatus } from './types.ts';

/** What a revision of the etcd static pod consists of, in the order in which the operator compares it. */
export const REVISIONED = [
  { kind: 'configmap', name: 'etcd-pod' },
  { kind: 'configmap', name: 'etcd-endpoints' },
  { kind: 'configmap', name: 'etcd-all-bundles' },
  { kind: 'secret', name: 'etcd-all-certs' },
] as const;

export type Content = Readonly<Record<string, string>>;

/** `data` of an object by its kind and name; undefined where there is no such object. */
export type Lookup = (kind: 'configmap' | 'secret', name: string) => Content | undefined;

export type NextRevision =
  | { needed: false }
  /** A required object is missing: no revision at all, and a degraded controller. */
  | { needed: false; missing: string }
  | { needed: true; revision: number; reason: string };

/** Whether the objects differ from their copies in the latest revision, and the reason as `revision-status-N` tells it. */
export function nextRevision(latest: number, lookup: Lookup): NextRevision {
  const missing = REVISIONED.find(({ kind, name }) => lookup(kind, name) === undefined);
  if (missing) return { needed: false, missing: `${missing.kind}s "${missing.name}" not found` };
  const secretsFirst = REVISIONED.toSorted((a, b) => b.kind.localeCompare(a.kind));
  const reasons = secretsFirst.flatMap(({ kind, name }) => {
    const copy = lookup(kind, `${name}-${latest}`);
    if (!copy) return [`${kind} "${name}-${latest}" not found`];
    return isDeepStrictEqual(copy, lookup(kind, name)) ? [] : [`required ${kind}/${name} has changed`];
  });
  if (reasons.length === 0) return { needed: false };
  return { needed: true, revision: latest + 1, reason: reasons.join(',') };
}

/** The revision that every node has; undefined while they differ or one is on its way. */
export function sharedRevision(statuses: readonly NodeStatus[]): number | undefined {
  const [first] = statuses;
  const shared = statuses.every(
    ({ currentRevision, targetRevision }) =>
      currentRevision === first?.currentRevision &&
      (targetRevision === 0 || targetRevision === currentRevision),
  );
  return shared && first && first.currentRevision > 0 ? first.currentRevision : undefined;
}

/** `IsRevisionStable`: every node is at the latest revision. */
export function isStable(statuses: readonly NodeStatus[], latest: number): boolean {
  return statuses.every(({ currentRevision }) => currentRevision === latest);
}

const KEPT_REVISIONS = 5;

/** The newest revisions, and whatever a node has, goes to or has failed at: all others may be pruned. */
export function keptRevisions(statuses: readonly NodeStatus[], latest: number): number[] {
  const newest = Array.from({ length: Math.min(KEPT_REVISIONS, latest) }, (_, index) => latest - index);
  const used = statuses.flatMap((node) => [
    node.currentRevision,
    node.targetRevision,
    node.lastFailedRevision,
  ]);
  return [...new Set([...newest, ...used])].filter((revision) => revision > 0).toSorted((a, b) => a - b);
}
